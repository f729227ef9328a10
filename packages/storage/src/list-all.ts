import type { FileInfo, FileType, IoOptions, StorageBackend } from './backend.ts';

/** A whole listing at once: for kinds of which there are few, or where all must be seen before anything is decided. */
export async function listAll(backend: StorageBackend, type: FileType, options?: IoOptions): Promise<FileInfo[]> {
  const files: FileInfo[] = [];
  for await (const file of backend.list(type, options)) files.push(file);
  return files;
}
