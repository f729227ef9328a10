export { backup } from './archive/backup.ts';
export type { BackupOptions, BackupSummary, ExcludeOptions } from './archive/backup-options.ts';
export { drill } from './drill/drill.ts';
export type { DrillDifference, DrillOptions, DrillReport } from './drill/drill-options.ts';
export type { EngineEvent, EngineListener, ErrorEvent, ItemEvent, ItemFailure, ProgressEvent } from './events.ts';
export { type ForgetOptions, type ForgetResult, forgetByPolicy } from './forget/forget-by-policy.ts';
export { type EntryVersion, entryVersions } from './inspect/entry-versions.ts';
export { type FindOptions, type FoundEntries, findByName } from './inspect/find-by-name.ts';
export { findEntry, findFolder } from './inspect/find-entry.ts';
export { type ListOptions, type ListPage, listSnapshot, listTree } from './inspect/list-tree.ts';
export { readStart } from './inspect/read-start.ts';
export { type SnapshotStats, type StatsMode, stats } from './inspect/stats.ts';
export { type TreeVisitor, type WalkTreeOptions, walkTree } from './inspect/walk-tree.ts';
export { applyRestore } from './restore/apply.ts';
export { proposeRestore } from './restore/propose.ts';
export type {
  ApplyContext,
  PhaseTime,
  RestoreConflict,
  RestoreContext,
  RestoreProposal,
  RestoreReport,
  RestoreRequest,
} from './restore/restore-options.ts';
