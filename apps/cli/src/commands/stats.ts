import { FortFailError } from '@fortfail/base';
import { type SnapshotStats, type StatsMode, stats } from '@fortfail/engine';
import { exitOk } from '../exit.ts';
import { formatBinaryBytes } from '../render/format.ts';
import { openFor } from '../repository/open-repository.ts';
import { filterOf, pickSnapshots } from '../repository/pick-snapshots.ts';
import type { statsOptions } from '../verbs/read-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const modes: readonly StatsMode[] = ['restore-size', 'files-by-contents', 'blobs-per-file', 'raw-data'];

function modeOf(text: string): StatsMode {
  const mode = modes.find((known) => known === text);
  if (mode !== undefined) return mode;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'usage',
    message: `unknown counting mode '${text}'`,
    hint: `Give one of ${modes.join(', ')}.`,
  });
}

/** restic leaves out what a mode does not count; so does this. */
function statsJson(found: SnapshotStats): Readonly<Record<string, number>> {
  const optional = (name: string, value: number): Record<string, number> => (value === 0 ? {} : { [name]: value });
  return {
    total_size: found.totalSize,
    ...optional('total_uncompressed_size', found.totalUncompressedSize),
    ...optional('compression_ratio', found.compressionRatio),
    ...optional('compression_progress', found.compressionProgress),
    ...optional('compression_space_saving', found.compressionSpaceSaving),
    ...optional('total_file_count', found.totalFileCount),
    ...optional('total_blob_count', found.totalBlobCount),
    snapshots_count: found.snapshotsCount,
  };
}

function statsText(found: SnapshotStats, mode: StatsMode): string {
  const isRaw = mode === 'raw-data';
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Snapshots processed', String(found.snapshotsCount)],
    ['Total Blob Count', found.totalBlobCount > 0 ? String(found.totalBlobCount) : undefined],
    ['Total File Count', found.totalFileCount > 0 ? String(found.totalFileCount) : undefined],
    ['Total Uncompressed Size', isRaw ? formatBinaryBytes(found.totalUncompressedSize) : undefined],
    ['Total Size', formatBinaryBytes(found.totalSize).padEnd(5)],
    ['Compression Progress', isRaw ? `${found.compressionProgress.toFixed(2)}%` : undefined],
    ['Compression Ratio', isRaw ? `${found.compressionRatio.toFixed(2)}x` : undefined],
    ['Compression Space Saving', isRaw ? `${found.compressionSpaceSaving.toFixed(2)}%` : undefined],
  ];
  const lines = rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padStart(24)}:  ${value}\n`]));
  return `Stats in ${mode} mode:\n${lines.join('')}`;
}

/** `stats`: what snapshots hold, counted in one of four ways. */
export const perform: Perform<typeof statsOptions> = async ({ options, globals, args, context }) => {
  const mode = modeOf(options.mode);
  await using repository = await openFor(globals, context);
  await using _session = await repository.beginReader({ signal: context.signal });
  const snapshots = await pickSnapshots(repository, args, filterOf(options, context), context);
  await repository.loadIndex({ signal: context.signal });
  if (!globals.json && !globals.quiet) context.stdout.write('scanning...\n');
  const found = await stats(repository, snapshots, mode, { signal: context.signal });
  context.stdout.write(globals.json ? `${JSON.stringify(statsJson(found))}\n` : statsText(found, mode));
  return exitOk;
};
