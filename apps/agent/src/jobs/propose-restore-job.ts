import { formatBytes } from '@fortfail/base';
import { proposeRestore } from '@fortfail/engine';
import { freeBytesAt } from '../free-space.ts';
import { counted } from './counted.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';
import { restoreRequest } from './restore-request.ts';
import { metadataLimits, requireElsewhere, requireFresh, targetOf } from './restore-target.ts';

/** Computes what a restore would do, for a person to look at. Writes nothing. */
export async function proposeRestoreJob(payload: PayloadOf<'propose-restore'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { config, clock, logger, shelf, speed } = parts;
  const target = targetOf(payload.target, payload.restoreId, config);
  await requireElsewhere(target, payload.repository, parts);
  await requireFresh(target);
  return await shelf.browse(payload.repository, async (repository) => {
    const request = await restoreRequest(repository, { ...payload, target });
    const found = await proposeRestore(repository, request, { clock, logger, signal: voice.signal });
    for (const { item, error } of found.damaged) voice.log('error', error.message, item);
    const freeBytes = await freeBytesAt(target);
    const proposal = {
      target: found.target,
      files: found.files,
      directories: found.directories,
      others: found.others,
      bytes: found.bytes,
      packs: found.packs,
      bytesToRead: found.bytesToRead,
      freeBytes,
      conflicts: found.conflicts.map((conflict) => ({ ...conflict })),
      conflictCount: found.conflictCount,
      limits: metadataLimits(config),
      expectedSeconds: speed.expectedSeconds(payload.repository.id, found.bytes),
      digest: found.digest,
    };
    if (found.damaged.length > 0)
      proposal.limits.push(`damaged in the repository and left out: ${counted(found.damaged.length, 'entry', 'entries')}`);
    if (freeBytes < found.bytes) proposal.limits.push(`only ${formatBytes(freeBytes)} are free there`);
    const summary = `Would restore ${counted(found.files, 'file')}, ${formatBytes(found.bytes)}, into ${found.target}.`;
    return { status: 'succeeded', result: { kind: 'propose-restore', proposal }, summary };
  });
}
