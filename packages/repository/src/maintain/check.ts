import { listAll } from '@fortfail/storage';
import { nameOf } from '../document-store.ts';
import { PackReader } from '../pack/pack-reader.ts';
import type { Repository } from '../repository.ts';
import { SnapshotStore } from '../session/snapshot-store.ts';
import { type PackToRead, readPacks } from './check-data.ts';
import { CheckFindings, type CheckProgress, type CheckReport } from './check-report.ts';
import { checkTrees } from './check-trees.ts';
import { choosePacks, type DataSubset, type ListedPack } from './data-subset.ts';
import { type IndexSurvey, surveyIndex } from './index-survey.ts';

export interface CheckOptions {
  /** Read all packs whole, or a subset of them. */
  readonly readData?: boolean | DataSubset | undefined;
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reading threads; 0 reads in this one. */
  readonly workers?: number | undefined;
}

/**
 * Checks that a repository is whole, by restic's steps: every index document; packs against index; every tree of every
 * snapshot, and that each blob it needs is indexed; with `readData` every byte of the packs, each blob's authenticator, id
 * and length (which restic does not compare). Faults are told in the report; thrown is only what kept it from looking.
 */
export async function check(repository: Repository, options: CheckOptions = {}): Promise<CheckReport> {
  await using session = await repository.beginReader({ signal: options.signal });
  const { signal } = session;
  const { onProgress } = options;
  const findings = new CheckFindings();
  const onIndex = (done: number, total: number): void => onProgress?.({ phase: 'index', done, total });
  const survey = await surveyIndex(repository.documents, { signal, onProgress: onIndex });
  findings.errors.push(...survey.errors);
  findings.hints.push(...survey.hints);
  if (survey.errors.length > 0) findings.suggestRepairIndex = true;
  if (survey.hints.length > 0) findings.suggestPrune = true;

  await checkKeys(repository, findings);
  const listed = await checkPacks(repository, survey, findings, signal);
  const roots = await loadRoots(repository, findings, signal);
  const init = { ...repository.pipelineInit(), index: survey.index.transfer() };
  const reader = new PackReader(init, repository.backend, { signal });
  const { connections } = repository.backend.properties;
  await checkTrees({ roots, index: survey.index, reader, connections, findings, signal, onProgress });
  await checkData(repository, survey, listed, findings, { ...options, signal });
  return {
    errors: findings.errors,
    hints: findings.hints,
    snapshots: roots.length,
    trees: findings.trees,
    packs: survey.packs.size,
    blobs: survey.index.blobCount,
    packsRead: findings.packsRead,
    bytesRead: findings.bytesRead,
    brokenPacks: [...findings.brokenPacks],
    suggestRepairIndex: findings.suggestRepairIndex,
    suggestPrune: findings.suggestPrune,
  };
}

/** A key file that is not what was stored may be the only one whose password is known. */
async function checkKeys(repository: Repository, findings: CheckFindings): Promise<void> {
  for (const { name } of await listAll(repository.backend, 'key')) {
    const stored = await repository.backend.get({ type: 'key', name });
    if (nameOf(stored) !== name) findings.errors.push(`key ${name}: its bytes do not match its name`);
  }
}

async function checkPacks(
  repository: Repository,
  survey: IndexSurvey,
  findings: CheckFindings,
  signal: AbortSignal,
): Promise<ListedPack[]> {
  const listed = await listAll(repository.backend, 'pack', { signal });
  const sizes = new Map(listed.map((file) => [file.name, file.sizeBytes]));
  for (const [id, pack] of survey.packs) {
    const size = sizes.get(id);
    if (size === pack.sizeBytes) continue;
    findings.suggestRepairIndex = true;
    findings.breakPack(id, [
      size === undefined ? `pack ${id} is missing` : `pack ${id} has ${size} bytes, the index says ${pack.sizeBytes}`,
    ]);
  }
  for (const { name } of listed) {
    if (survey.packs.has(name)) continue;
    findings.hints.push(`pack ${name} is not listed in any index`);
    findings.suggestPrune = true;
  }
  return listed;
}

/** Root trees of all snapshots; a snapshot that cannot be read is an error. */
async function loadRoots(repository: Repository, findings: CheckFindings, signal: AbortSignal): Promise<string[]> {
  // Not the repository's own list, which remembers what it read before.
  const snapshots = await new SnapshotStore(repository.documents).list({
    signal,
    onUnreadable: (id, error) => findings.errors.push(`snapshot ${id}: ${error.message}`),
  });
  return snapshots.map((snapshot) => snapshot.tree);
}

async function checkData(
  repository: Repository,
  survey: IndexSurvey,
  listed: readonly ListedPack[],
  findings: CheckFindings,
  options: CheckOptions,
): Promise<void> {
  const { readData = false, onProgress } = options;
  if (readData === false) return;
  const chosen =
    readData === true
      ? listed
      : choosePacks(
          listed.filter((pack) => survey.packs.has(pack.name)),
          readData,
        );
  const numbers = new Map<string, number>();
  for (let packIndex = 0; packIndex < survey.index.packCount; packIndex += 1) numbers.set(survey.index.packId(packIndex), packIndex);
  const packs: PackToRead[] = chosen.map(({ name, sizeBytes }) => ({ packId: name, sizeBytes, packIndex: numbers.get(name) }));
  onProgress?.({ phase: 'data', done: 0, total: packs.length });
  await readPacks(packs, {
    init: { ...repository.pipelineInit(), index: survey.index.transfer() },
    workers: options.workers,
    signal: options.signal,
    onFinding: ({ packId, errors, bytes }) => {
      findings.packsRead += 1;
      findings.bytesRead += bytes;
      if (errors.length > 0) {
        // What no index lists nobody relies on: a write that was cut short, for one.
        if (survey.packs.has(packId)) findings.breakPack(packId, errors);
        else findings.hints.push(...errors.map((error) => `unlisted ${error}`));
      }
      onProgress?.({ phase: 'data', done: findings.packsRead, total: packs.length });
    },
  });
}
