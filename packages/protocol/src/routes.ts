import { z } from 'zod';
import { ownRoutes, personRoutes } from './access-routes.ts';
import { agentRoutes } from './agent-routes.ts';
import { browseQuestion, browseSession, sealedAnswer } from './browse.ts';
import { drill } from './drill.ts';
import { event } from './event.ts';
import { approval } from './grant.ts';
import { absolutePath, resticId, restorePointId } from './ids.ts';
import { job, jobLogLine } from './job.ts';
import { legacyIdentity, legacyRevocation, legacySecret, legacyToken, legacyTokenDraft } from './legacy.ts';
import { overview } from './overview.ts';
import { plan, planDraft, planState, retentionPreview, slot } from './plan.ts';
import { repository, repositoryDraft } from './repository.ts';
import { restore, restoreDraft } from './restore.ts';
import { fileListing, restorePoint } from './restore-point.ts';
import { empty, page, pageQuery, type Route } from './route.ts';
import { trustRoutes } from './trust-routes.ts';

export type { Action, ObjectKind, Route } from './route.ts';

const jobStarted = z.object({ job });

export const routes = {
  ...ownRoutes,
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

  ...agentRoutes,
  ...personRoutes,
  ...trustRoutes,

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

  listEvents: {
    method: 'GET',
    path: '/events/stored',
    summary: 'Stored events after a sequence number',
    action: 'see',
    object: 'event',
    query: z.object({ after: z.coerce.number().int().min(0).default(0), limit: z.coerce.number().int().min(1).max(1000).default(200) }),
    answer: z.object({ items: z.array(event), seq: z.int() }),
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
