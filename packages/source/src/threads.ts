/** What a thread that reads or writes files needs, and no more: every module costs each thread time and memory. */
export { type ApplicableMetadata, applyMetadata } from './files/apply-metadata.ts';
export { digestFile } from './files/digest-file.ts';
export { OwnerNames } from './files/names.ts';
export { type OpenedFile, openForRead } from './files/read-file.ts';
export { createFile, openForWrite, writeAt } from './files/write-file.ts';
export { fileError } from './system/system-error.ts';
