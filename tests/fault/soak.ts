/**
 * Kills every verb that writes, 50 times each at moments of chance, and lets both restics judge what is left.
 *
 *   node tests/fault/soak.ts [--times N] [--only VERB,...] [--minutes N]
 *
 * Prints a line per verb and ends with 1 when anything was not clean. No new verb begins after the given minutes (60).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { restics } from '../support/programs.ts';
import { type Storm, storms } from './storms.ts';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '50' },
    only: { type: 'string' },
    minutes: { type: 'string', default: '60' },
  },
});
const times = Number(values.times);
const only = values.only?.split(',');
const beganMs = performance.now();

async function soak({ name, what, rage }: Storm): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'fortfail-soak-'));
  const sinceMs = performance.now();
  try {
    const { attempted, landed } = await rage(folder, times, restics);
    const seconds = Math.round((performance.now() - sinceMs) / 1000);
    process.stdout.write(`${name}: ${attempted} of ${times} clean, ${landed} killed before the end, ${seconds} s: ${what}\n`);
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch (error) {
    // The folder stays: it is the evidence.
    process.stdout.write(`${name}: NOT CLEAN, see ${folder}: ${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  }
}

process.stdout.write(`judges: ${restics.map(({ name }) => name).join(', ') || 'our own check alone'}\n`);
let isClean = true;
for (const storm of storms) {
  if (only !== undefined && !only.includes(storm.name)) continue;
  if (performance.now() - beganMs > Number(values.minutes) * 60_000) {
    process.stdout.write(`${storm.name}: not begun, the time is over\n`);
    isClean = false;
  } else if (!(await soak(storm))) isClean = false;
}
process.exitCode = isClean ? 0 : 1;
