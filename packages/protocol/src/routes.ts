import { z } from 'zod';
import { agent, agentDecision, enrolment, enrolmentRequest, joinString, joinStringDraft, renewal, renewalRequest } from './agent.ts';
import { alert } from './alert.ts';
import { auditRecord, auditVerification } from './audit-record.ts';
import { browseQuestion, browseSession, sealedAnswer } from './browse.ts';
import { drill } from './drill.ts';
import { event } from './event.ts';
import { auditHead, auditWitness, signedEvidence } from './evidence.ts';
import { exposure, exposureDraft } from './exposure.ts';
import { approval, grantDraft, repositoryGrant } from './grant.ts';
import { absolutePath, personId, resticId, restorePointId } from './ids.ts';
import { job, jobLogLine } from './job.ts';
import { escrow, kitConfirmation, kitDraft, kitState } from './kit.ts';
import { legacyIdentity, legacyRevocation, legacySecret, legacyToken, legacyTokenDraft } from './legacy.ts';
import { linkSignIn, me, passwordChange, passwordSignIn, signInState } from './me.ts';
import { overview } from './overview.ts';
import { apiToken, person, personChange, personDraft, tokenDraft } from './person.ts';
import { plan, planDraft, planState, retentionPreview, slot } from './plan.ts';
import { repository, repositoryDraft } from './repository.ts';
import { restore, restoreDraft } from './restore.ts';
import { fileListing, restorePoint } from './restore-point.ts';

/** What a route does to what; `may(principal, action, object)` judges it. `public` needs no principal. */
export type Action =
  | 'public'
  | 'see'
  | 'see-file-names'
  | 'run'
  | 'drill'
  | 'restore'
  | 'edit-plan'
  | 'forget'
  | 'edit-repository'
  | 'read-audit'
  | 'self'
  | 'edit-self'
  | 'approve'
  | 'make-link'
  | 'enrol'
  | 'edit-person'
  | 'acknowledge'
  | 'edit-kit'
  | 'grant'
  | 'agent-self';
export type ObjectKind =
  | 'site'
  | 'plan'
  | 'job'
  | 'restore-point'
  | 'restore'
  | 'drill'
  | 'repository'
  | 'agent'
  | 'audit'
  | 'event'
  | 'person'
  | 'token'
  | 'alert'
  | 'kit'
  | 'grant';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `:name` parameters, below `/api/v1`. */
  readonly path: string;
  readonly summary: string;
  readonly action: Action;
  readonly object: ObjectKind;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Status of success: 201 for creation, 202 for accepted work, else 200. */
  readonly status?: 200 | 201 | 202;
  /** True when GET answers an ETag and PUT/DELETE wants If-Match. */
  readonly versioned?: boolean;
}

/** Cursor pages: `cursor` is opaque; absent in the answer (null) at the end. */
const pageQuery = z.object({ cursor: z.string().max(200).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) });
const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });
const jobStarted = z.object({ job });
const empty = z.object({});

export const routes = {
  signInState: {
    method: 'GET',
    path: '/sign-in',
    summary: 'Whether this site is set up',
    action: 'public',
    object: 'site',
    answer: signInState,
  },
  signInWithLink: {
    method: 'POST',
    path: '/sign-in/link',
    summary: 'Exchange a one-time link for a session',
    action: 'public',
    object: 'site',
    body: linkSignIn,
    answer: me,
  },
  signInWithPassword: {
    method: 'POST',
    path: '/sign-in/password',
    summary: 'Sign in by name and password',
    action: 'public',
    object: 'site',
    body: passwordSignIn,
    answer: me,
  },
  passkeyOptions: {
    method: 'POST',
    path: '/sign-in/passkey/options',
    summary: 'Begin signing in by passkey',
    action: 'public',
    object: 'site',
    answer: z.record(z.string(), z.unknown()),
  },
  signInWithPasskey: {
    method: 'POST',
    path: '/sign-in/passkey',
    summary: 'Finish signing in by passkey',
    action: 'public',
    object: 'site',
    body: z.record(z.string(), z.unknown()),
    answer: me,
  },
  me: { method: 'GET', path: '/me', summary: 'Who I am', action: 'self', object: 'person', answer: me },
  changePassword: {
    method: 'POST',
    path: '/me/password',
    summary: 'Set or change my name and password',
    action: 'edit-self',
    object: 'person',
    body: passwordChange,
    answer: me,
  },
  newPasskeyOptions: {
    method: 'POST',
    path: '/me/passkeys/options',
    summary: 'Begin adding a passkey',
    action: 'edit-self',
    object: 'person',
    answer: z.record(z.string(), z.unknown()),
  },
  addPasskey: {
    method: 'POST',
    path: '/me/passkeys',
    summary: 'Finish adding a passkey',
    action: 'edit-self',
    object: 'person',
    body: z.object({ name: z.string().min(1).max(64), credential: z.record(z.string(), z.unknown()) }),
    answer: me,
    status: 201,
  },
  signOut: { method: 'POST', path: '/me/sign-out', summary: 'End this session', action: 'edit-self', object: 'person', answer: empty },
  createLoginLink: {
    method: 'POST',
    path: '/login-links',
    summary: 'Make a one-time login link (local socket only)',
    action: 'make-link',
    object: 'person',
    answer: z.object({ url: z.string(), expiresAt: z.string() }),
    status: 201,
  },

  overview: { method: 'GET', path: '/overview', summary: 'Are we safe?', action: 'see', object: 'site', answer: overview },

  listPlans: {
    method: 'GET',
    path: '/plans',
    summary: 'Plans with their state, worst first',
    action: 'see',
    object: 'plan',
    query: pageQuery,
    answer: page(planState),
  },
  createPlan: {
    method: 'POST',
    path: '/plans',
    summary: 'Create a plan',
    action: 'edit-plan',
    object: 'plan',
    body: planDraft,
    answer: plan,
    status: 201,
  },
  getPlan: {
    method: 'GET',
    path: '/plans/:planId',
    summary: 'A plan with its state',
    action: 'see',
    object: 'plan',
    answer: planState,
    versioned: true,
  },
  editPlan: {
    method: 'PUT',
    path: '/plans/:planId',
    summary: 'Replace a plan',
    action: 'edit-plan',
    object: 'plan',
    body: planDraft,
    answer: plan,
    versioned: true,
  },
  deletePlan: {
    method: 'DELETE',
    path: '/plans/:planId',
    summary: 'Delete a plan; its restore points stay',
    action: 'edit-plan',
    object: 'plan',
    answer: empty,
    versioned: true,
  },
  listSlots: {
    method: 'GET',
    path: '/plans/:planId/slots',
    summary: 'Due moments and what came of them',
    action: 'see',
    object: 'plan',
    query: pageQuery.extend({ since: z.string().optional(), limit: z.coerce.number().int().min(1).max(1000).default(800) }),
    answer: page(slot),
  },
  previewRetention: {
    method: 'GET',
    path: '/plans/:planId/retention',
    summary: 'What the keep rules would keep and remove, with reasons',
    action: 'see',
    object: 'plan',
    answer: retentionPreview,
  },
  backUp: {
    method: 'POST',
    path: '/plans/:planId/backup',
    summary: 'Back up now',
    action: 'run',
    object: 'plan',
    answer: jobStarted,
    status: 202,
  },
  drillPlan: {
    method: 'POST',
    path: '/plans/:planId/drill',
    summary: 'Drill the newest restore point now',
    action: 'drill',
    object: 'plan',
    answer: jobStarted,
    status: 202,
  },
  forget: {
    method: 'POST',
    path: '/plans/:planId/forget',
    summary: 'Forget named restore points (into the trash)',
    action: 'forget',
    object: 'plan',
    body: z.strictObject({ restorePointIds: z.array(restorePointId).min(1).max(1000) }),
    answer: jobStarted,
    status: 202,
  },

  listRestorePoints: {
    method: 'GET',
    path: '/restore-points',
    summary: 'Restore points, newest first',
    action: 'see',
    object: 'restore-point',
    query: pageQuery.extend({ planId: z.string().optional(), grade: z.string().optional() }),
    answer: page(restorePoint),
  },
  getRestorePoint: {
    method: 'GET',
    path: '/restore-points/:restorePointId',
    summary: 'A restore point',
    action: 'see',
    object: 'restore-point',
    answer: restorePoint,
  },
  listFiles: {
    method: 'GET',
    path: '/restore-points/:restorePointId/files',
    summary: 'One folder of a restore point, asked of its agent',
    action: 'see-file-names',
    object: 'restore-point',
    query: z.object({
      path: absolutePath.default('/'),
      cursor: z.string().max(2000).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(500),
    }),
    answer: fileListing,
  },
  drillRestorePoint: {
    method: 'POST',
    path: '/restore-points/:restorePointId/drill',
    summary: 'Drill this restore point',
    action: 'drill',
    object: 'restore-point',
    answer: jobStarted,
    status: 202,
  },

  listRestores: {
    method: 'GET',
    path: '/restores',
    summary: 'Restores, newest first',
    action: 'see',
    object: 'restore',
    query: pageQuery,
    answer: page(restore),
  },
  proposeRestore: {
    method: 'POST',
    path: '/restores',
    summary: 'Ask for a proposal; nothing is written',
    action: 'restore',
    object: 'restore',
    body: restoreDraft,
    answer: restore,
    status: 202,
  },
  getRestore: {
    method: 'GET',
    path: '/restores/:restoreId',
    summary: 'A restore with its proposal and report',
    action: 'see',
    object: 'restore',
    answer: restore,
  },
  applyRestore: {
    method: 'POST',
    path: '/restores/:restoreId/apply',
    summary: 'Do what was proposed',
    action: 'restore',
    object: 'restore',
    body: z.strictObject({ digest: resticId }),
    answer: restore,
    status: 202,
  },

  listDrills: {
    method: 'GET',
    path: '/drills',
    summary: 'Drills, newest first',
    action: 'see',
    object: 'drill',
    query: pageQuery.extend({ planId: z.string().optional() }),
    answer: page(drill),
  },
  getDrill: { method: 'GET', path: '/drills/:drillId', summary: 'Evidence of a drill', action: 'see', object: 'drill', answer: drill },

  listJobs: {
    method: 'GET',
    path: '/jobs',
    summary: 'Jobs, newest first',
    action: 'see',
    object: 'job',
    query: pageQuery.extend({ planId: z.string().optional(), status: z.string().optional() }),
    answer: page(job),
  },
  getJob: { method: 'GET', path: '/jobs/:jobId', summary: 'A job', action: 'see', object: 'job', answer: job },
  getJobLog: {
    method: 'GET',
    path: '/jobs/:jobId/log',
    summary: 'Log lines of a job',
    action: 'see',
    object: 'job',
    answer: z.object({ lines: z.array(jobLogLine), truncated: z.boolean() }),
  },
  cancelJob: { method: 'POST', path: '/jobs/:jobId/cancel', summary: 'Stop a job', action: 'run', object: 'job', answer: job, status: 202 },

  listRepositories: {
    method: 'GET',
    path: '/repositories',
    summary: 'Repositories',
    action: 'see',
    object: 'repository',
    query: pageQuery,
    answer: page(repository),
  },
  createRepository: {
    method: 'POST',
    path: '/repositories',
    summary: 'Have the resident agent make (or adopt) a repository',
    action: 'edit-repository',
    object: 'repository',
    body: repositoryDraft,
    answer: z.object({ repository, job }),
    status: 202,
  },
  getRepository: {
    method: 'GET',
    path: '/repositories/:repositoryId',
    summary: 'A repository',
    action: 'see',
    object: 'repository',
    answer: repository,
  },
  checkRepository: {
    method: 'POST',
    path: '/repositories/:repositoryId/check',
    summary: 'Read and verify every stored byte',
    action: 'run',
    object: 'repository',
    answer: jobStarted,
    status: 202,
  },

  getExposure: {
    method: 'GET',
    path: '/exposure',
    summary: 'How other hosts reach this site',
    action: 'see',
    object: 'site',
    answer: exposure,
  },
  expose: {
    method: 'POST',
    path: '/exposure',
    summary: 'Let other hosts reach this site over TLS',
    action: 'make-link',
    object: 'site',
    body: exposureDraft,
    answer: exposure,
    status: 201,
  },
  createJoinString: {
    method: 'POST',
    path: '/join-strings',
    summary: 'Make a one-time join string for a new host',
    action: 'enrol',
    object: 'agent',
    body: joinStringDraft,
    answer: joinString,
    status: 201,
  },
  enrol: {
    method: 'POST',
    path: '/enrolments',
    summary: 'Become an agent, with the token of a join string',
    action: 'public',
    object: 'agent',
    body: enrolmentRequest,
    answer: enrolment,
    status: 201,
  },
  renewAgent: {
    method: 'POST',
    path: '/agents/self/renewal',
    summary: 'Renew my certificate',
    action: 'agent-self',
    object: 'agent',
    body: renewalRequest,
    answer: renewal,
  },
  getAgent: { method: 'GET', path: '/agents/:agentId', summary: 'An agent', action: 'see', object: 'agent', answer: agent },
  decideAgent: {
    method: 'POST',
    path: '/agents/:agentId/decision',
    summary: 'Approve, hold, release or revoke an agent',
    action: 'enrol',
    object: 'agent',
    body: z.strictObject({ decision: agentDecision }),
    answer: agent,
  },

  listPersons: {
    method: 'GET',
    path: '/persons',
    summary: 'Persons and their roles',
    action: 'edit-person',
    object: 'person',
    query: pageQuery,
    answer: page(person),
  },
  createPerson: {
    method: 'POST',
    path: '/persons',
    summary: 'Invite a person; answers a one-time login link',
    action: 'edit-person',
    object: 'person',
    body: personDraft,
    answer: z.object({ person, url: z.string(), expiresAt: z.string() }),
    status: 201,
  },
  changePerson: {
    method: 'PUT',
    path: '/persons/:personId',
    summary: 'Change roles, or disable: sessions and tokens end at once',
    action: 'edit-person',
    object: 'person',
    body: personChange,
    answer: person,
  },
  createPersonLink: {
    method: 'POST',
    path: '/persons/:personId/login-link',
    summary: 'Make a one-time login link for a person who lost theirs',
    action: 'edit-person',
    object: 'person',
    answer: z.object({ url: z.string(), expiresAt: z.string() }),
    status: 201,
  },
  listTokens: {
    method: 'GET',
    path: '/me/tokens',
    summary: 'My API tokens, or those of a person whose administrator I am',
    action: 'self',
    object: 'token',
    query: pageQuery.extend({ personId: personId.optional() }),
    answer: page(apiToken),
  },
  createToken: {
    method: 'POST',
    path: '/me/tokens',
    summary: 'Make an API token; its secret is shown once',
    action: 'self',
    object: 'token',
    body: tokenDraft,
    answer: z.object({ token: apiToken, secret: z.string() }),
    status: 201,
  },
  deleteToken: { method: 'DELETE', path: '/me/tokens/:tokenId', summary: 'End a token', action: 'self', object: 'token', answer: empty },

  listAlerts: {
    method: 'GET',
    path: '/alerts',
    summary: 'Alerts, open ones first',
    action: 'see',
    object: 'alert',
    query: pageQuery.extend({ open: z.enum(['true', 'false']).optional() }),
    answer: page(alert),
  },
  acknowledgeAlert: {
    method: 'POST',
    path: '/alerts/:alertId/acknowledge',
    summary: 'Say that somebody looks after it',
    action: 'acknowledge',
    object: 'alert',
    answer: alert,
  },

  getKit: { method: 'GET', path: '/kit', summary: 'The recovery kit as the site knows it', action: 'see', object: 'kit', answer: kitState },
  createKit: {
    method: 'POST',
    path: '/kit',
    summary: 'Publish the public halves of a new kit',
    action: 'edit-kit',
    object: 'kit',
    body: kitDraft,
    answer: kitState,
    status: 201,
  },
  confirmKit: {
    method: 'POST',
    path: '/kit/confirmation',
    summary: 'Confirm that the kit was printed',
    action: 'edit-kit',
    object: 'kit',
    body: kitConfirmation,
    answer: kitState,
  },
  listEscrows: {
    method: 'GET',
    path: '/kit/escrows',
    summary: 'Sealed repository passwords: opaque bytes',
    action: 'edit-kit',
    object: 'kit',
    query: pageQuery,
    answer: page(escrow),
  },
  reportKitTest: {
    method: 'POST',
    path: '/kit/test',
    summary: 'Report that an escrow was opened from the paper',
    action: 'edit-kit',
    object: 'kit',
    body: z.strictObject({ recipient: z.string().max(200), repositoryId: z.string() }),
    answer: kitState,
  },

  listGrants: {
    method: 'GET',
    path: '/grants',
    summary: 'Key slots that one host gave to another',
    action: 'see',
    object: 'grant',
    query: pageQuery,
    answer: page(repositoryGrant),
  },
  createGrant: {
    method: 'POST',
    path: '/grants',
    summary: 'Ask for a key slot of a repository for another host',
    action: 'grant',
    object: 'grant',
    body: grantDraft,
    answer: repositoryGrant,
    status: 202,
  },
  approveRestore: {
    method: 'POST',
    path: '/restores/:restoreId/approvals',
    summary: 'Add a signed consent to a proposal',
    action: 'approve',
    object: 'restore',
    body: approval,
    answer: restore,
  },
  browse: {
    method: 'POST',
    path: '/restore-points/:restorePointId/browse',
    summary: 'Look into a restore point; sealed to the asking tab when it is another host',
    action: 'see-file-names',
    object: 'restore-point',
    body: z.strictObject({ question: browseQuestion, session: browseSession }),
    answer: sealedAnswer,
  },
  getEvidence: {
    method: 'GET',
    path: '/drills/:drillId/evidence',
    summary: 'Signed evidence of a drill, verifiable with ssh-keygen',
    action: 'see',
    object: 'drill',
    answer: signedEvidence,
  },
  listAuditHeads: {
    method: 'GET',
    path: '/audit/heads',
    summary: 'Signed heads of the audit chains, newest first',
    action: 'read-audit',
    object: 'audit',
    query: pageQuery,
    answer: page(auditHead),
  },
  listAuditWitnesses: {
    method: 'GET',
    path: '/audit/witnesses',
    summary: 'Ask every agent what it holds of the audit chain',
    action: 'read-audit',
    object: 'audit',
    answer: z.object({ items: z.array(auditWitness), allowedSigners: z.string() }),
  },

  listAgents: { method: 'GET', path: '/agents', summary: 'Agents', action: 'see', object: 'agent', query: pageQuery, answer: page(agent) },
  listEvents: {
    method: 'GET',
    path: '/events/stored',
    summary: 'Stored events after a sequence number',
    action: 'see',
    object: 'event',
    query: z.object({ after: z.coerce.number().int().min(0).default(0), limit: z.coerce.number().int().min(1).max(1000).default(200) }),
    answer: z.object({ items: z.array(event), seq: z.int() }),
  },
  listAudit: {
    method: 'GET',
    path: '/audit',
    summary: 'Audit records, newest first',
    action: 'read-audit',
    object: 'audit',
    query: pageQuery.extend({
      chain: z.enum(['main', 'access']).default('main'),
      action: z.string().max(100).optional(),
      actor: z.string().max(100).optional(),
      object: z.string().max(100).optional(),
      since: z.string().max(40).optional(),
      until: z.string().max(40).optional(),
    }),
    answer: page(auditRecord),
  },
  verifyAudit: {
    method: 'GET',
    path: '/audit/verification',
    summary: 'Verify the chain now',
    action: 'read-audit',
    object: 'audit',
    answer: auditVerification,
  },
  createLegacyToken: {
    method: 'POST',
    path: '/legacy/tokens',
    summary: 'Make a token of the first API; it is shown once',
    action: 'enrol',
    object: 'agent',
    body: legacyTokenDraft,
    answer: legacyToken,
    status: 201,
  },
  createLegacySecret: {
    method: 'POST',
    path: '/legacy/secrets',
    summary: 'Make an agent id of the first API a secret of its own; it is shown once and replaces the one before',
    action: 'enrol',
    object: 'agent',
    body: legacyIdentity,
    answer: legacySecret,
    status: 201,
  },
  revokeLegacyTokens: {
    method: 'POST',
    path: '/legacy/revocations',
    summary: 'End all tokens of an agent id of the first API, or of its pool',
    action: 'enrol',
    object: 'agent',
    body: legacyRevocation,
    answer: z.object({ revoked: z.int() }),
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
type Infer<T> = T extends z.ZodType ? z.output<T> : undefined;
type InferInput<T> = T extends z.ZodType ? z.input<T> : undefined;
type Field<N extends RouteName, K extends string> = (typeof routes)[N] extends Record<K, infer T> ? T : undefined;
export type RouteAnswer<N extends RouteName> = Infer<Field<N, 'answer'>>;
export type RouteBody<N extends RouteName> = InferInput<Field<N, 'body'>>;
export type RouteQuery<N extends RouteName> = InferInput<Field<N, 'query'>>;
