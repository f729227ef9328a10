import type { RouteName, routes } from '@fortfail/protocol';

type Table = typeof routes;
type Paths = { readonly [N in RouteName]: `${Table[N]['method']} ${Table[N]['path']}` };

/**
 * The routes the console calls. Written out so that no schema reaches the browser; the type makes each line
 * agree with the table in the protocol, word for word.
 */
export const paths = {
  signInState: 'GET /sign-in',
  signInWithLink: 'POST /sign-in/link',
  signInWithPassword: 'POST /sign-in/password',
  passkeyOptions: 'POST /sign-in/passkey/options',
  signInWithPasskey: 'POST /sign-in/passkey',
  me: 'GET /me',
  changePassword: 'POST /me/password',
  newPasskeyOptions: 'POST /me/passkeys/options',
  addPasskey: 'POST /me/passkeys',
  signOut: 'POST /me/sign-out',
  overview: 'GET /overview',
  listPlans: 'GET /plans',
  getPlan: 'GET /plans/:planId',
  listSlots: 'GET /plans/:planId/slots',
  previewRetention: 'GET /plans/:planId/retention',
  backUp: 'POST /plans/:planId/backup',
  drillPlan: 'POST /plans/:planId/drill',
  forget: 'POST /plans/:planId/forget',
  listRestorePoints: 'GET /restore-points',
  getRestorePoint: 'GET /restore-points/:restorePointId',
  listFiles: 'GET /restore-points/:restorePointId/files',
  drillRestorePoint: 'POST /restore-points/:restorePointId/drill',
  listRestores: 'GET /restores',
  proposeRestore: 'POST /restores',
  getRestore: 'GET /restores/:restoreId',
  applyRestore: 'POST /restores/:restoreId/apply',
  listDrills: 'GET /drills',
  getDrill: 'GET /drills/:drillId',
  listJobs: 'GET /jobs',
  getJob: 'GET /jobs/:jobId',
  getJobLog: 'GET /jobs/:jobId/log',
  cancelJob: 'POST /jobs/:jobId/cancel',
  listRepositories: 'GET /repositories',
  listAgents: 'GET /agents',
  listGrants: 'GET /grants',
  createGrant: 'POST /grants',
  getAgent: 'GET /agents/:agentId',
  decideAgent: 'POST /agents/:agentId/decision',
  createJoinString: 'POST /join-strings',
  listAlerts: 'GET /alerts',
  acknowledgeAlert: 'POST /alerts/:alertId/acknowledge',
  listAudit: 'GET /audit',
  verifyAudit: 'GET /audit/verification',
  listAuditHeads: 'GET /audit/heads',
  listAuditWitnesses: 'GET /audit/witnesses',
  getEvidence: 'GET /drills/:drillId/evidence',
  getKit: 'GET /kit',
  createKit: 'POST /kit',
  confirmKit: 'POST /kit/confirmation',
  listPersons: 'GET /persons',
  createPerson: 'POST /persons',
  changePerson: 'PUT /persons/:personId',
  createPersonLink: 'POST /persons/:personId/login-link',
  listTokens: 'GET /me/tokens',
  createToken: 'POST /me/tokens',
  deleteToken: 'DELETE /me/tokens/:tokenId',
  browse: 'POST /restore-points/:restorePointId/browse',
} as const satisfies Partial<Paths>;

/** A route that the console knows how to call. */
export type ConsoleRoute = keyof typeof paths;
