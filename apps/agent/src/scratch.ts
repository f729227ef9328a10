import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@fortfail/base';
import { removeTree } from '@fortfail/source';
import { makePrivateFolder } from './durable-file.ts';

const scratchPattern = /^\.?drl_[0-9a-f]{16}(-|$)/;

/** Removes what drills of an earlier process left in the scratch folder; nothing else is touched. */
export async function clearScratch(scratchRoot: string, logger: Logger): Promise<void> {
  await makePrivateFolder(scratchRoot);
  for (const name of await readdir(scratchRoot)) {
    if (!scratchPattern.test(name)) continue;
    const path = join(scratchRoot, name);
    try {
      removeTree(Buffer.from(path));
      logger.info({ component: 'scratch', path }, 'left-over of a drill removed');
    } catch (err) {
      logger.warn({ component: 'scratch', path, err }, 'left-over of a drill not removed');
    }
  }
}
