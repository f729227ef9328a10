import type { JobResult } from '@fortfail/protocol';

export type { Drill, Restore, RestorePoint } from '@fortfail/protocol';

type ResultOf<K extends JobResult['kind']> = Extract<JobResult, { kind: K }>;
export type BackupJobResult = ResultOf<'backup'>;
/** What is known of one snapshot. */
export type BackupFigures = Omit<BackupJobResult, 'kind' | 'found'>;
export type DrillJobResult = ResultOf<'drill'>;
export type CheckJobResult = ResultOf<'check'>;
export type ForgetJobResult = ResultOf<'forget'>;
