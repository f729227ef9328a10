export { type ConfigStage, type ConfigStageOptions, stageConfig } from './config/config-stage.ts';
export { type ApplicableMetadata, type ApplyOptions, applyMetadata } from './files/apply-metadata.ts';
export { type ComparableMetadata, type CompareOptions, compareMetadata } from './files/compare.ts';
export { digestFile, type FileDigests } from './files/digest-file.ts';
export { expandVariables, parseExcludeFile, readExcludeFile, type VariableLookup } from './files/exclude-file.ts';
export { ExcludeMatcher, PatternList, type PatternListOptions, splitPath } from './files/exclude-matcher.ts';
export { cacheFolderTag, type FolderTag, parseFolderTag } from './files/exclude-rules.ts';
export { parseFilesFrom, parseFilesFromRaw, parseFilesFromVerbatim } from './files/files-from.ts';
export { HardLinkIndex, type LinkCandidate } from './files/hard-links.ts';
export { removeLeftOvers, stagingPrefix } from './files/left-overs.ts';
export {
  type ExtendedAttribute,
  type FileMetadata,
  type MetadataFailure,
  type MetadataOptions,
  metadataFromStat,
  type RecordedMetadata,
  readMetadata,
} from './files/metadata.ts';
export { goMode, type NodeType, nodeTypeOf, unixPermissions } from './files/mode.ts';
export { OwnerNames } from './files/names.ts';
export { decideOverwrite, type OverwriteDecision, type OverwritePolicy } from './files/overwrite.ts';
export { joinPath, pathText } from './files/path.ts';
export { type OpenedFile, openForRead } from './files/read-file.ts';
export { removeTree } from './files/remove-tree.ts';
export { type RestoreFailure, type RestoreStep, restoreFailure } from './files/restore-failure.ts';
export { snapshotPaths } from './files/root-tree.ts';
export { checkNodeName, type FilePlan, RestoreTarget, type TargetOptions } from './files/target.ts';
export { decodeTextFile } from './files/text-file.ts';
export { existingTargets, type TargetCheck, type WalkEvent, type WalkOptions, walk } from './files/walk.ts';
export { type CreateFileOptions, createFile, openForWrite, writeAt } from './files/write-file.ts';
export { syncFileSystem, syncFolder } from './system/sync.ts';
export { fileError, isMissing, SystemCallError, systemErrorCode } from './system/system-error.ts';
export { setTimes } from './system/times.ts';
export { getXattr, listXattrs, removeXattr, setXattr } from './system/xattrs.ts';
