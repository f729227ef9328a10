import { cacheFolderTag, ExcludeMatcher, parseFolderTag, type WalkEvent, walk } from '@fortfail/source';
import type { BackupOptions } from './backup-options.ts';

/** The walk that a backup's options describe. Throws `invalid-input` for a pattern that cannot be read. */
export function walkTargets(options: BackupOptions, targets: readonly Buffer[]): Iterable<WalkEvent> {
  const exclude = options.exclude ?? {};
  const tags = [...(exclude.ifPresent ?? []), ...(exclude.caches === true ? [cacheFolderTag] : [])].map((tag) => parseFolderTag(tag));
  return walk({
    targets,
    exclude: ExcludeMatcher.of(exclude.patterns ?? [], exclude.caseInsensitivePatterns ?? []),
    excludeIfPresent: tags,
    oneFileSystem: options.oneFileSystem === true,
    withAtime: options.withAtime === true,
    ...(options.workingFolder === undefined ? {} : { workingFolder: options.workingFolder }),
    ...(exclude.largerThanBytes === undefined ? {} : { excludeLargerThanBytes: exclude.largerThanBytes }),
  });
}
