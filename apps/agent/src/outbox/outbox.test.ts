import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobNumber } from '../testing/agent-fixture.ts';
import { type Letter, Outbox } from './outbox.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ff-outbox-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const outcome = (number: number): Extract<Letter, { type: 'outcome' }> => ({
  type: 'outcome',
  jobId: jobNumber(number),
  fence: 1,
  status: 'failed',
  result: null,
  error: { kind: 'unavailable', code: 'x', message: 'unable to reach', hint: 'Wait.' },
  summary: `number ${number}`,
});

describe('Outbox', () => {
  it('reads back in order what an earlier process left', async () => {
    const first = await Outbox.open(folder, noLogger);
    for (const number of [1, 2, 3]) await first.add(outcome(number));
    const second = await Outbox.open(folder, noLogger);
    expect(second.waiting).toEqual(first.waiting);
    await second.add(outcome(4));
    const third = await Outbox.open(folder, noLogger);
    expect(third.outcomes.map(({ summary }) => summary)).toEqual(['number 1', 'number 2', 'number 3', 'number 4']);
  });

  it('forgets what was acknowledged, however often', async () => {
    const outbox = await Outbox.open(folder, noLogger);
    const stored = await outbox.add(outcome(1));
    expect(outbox.has(jobNumber(1), 1)).toBe(true);
    await outbox.acknowledge(stored.outboxId);
    await outbox.acknowledge(stored.outboxId);
    await outbox.acknowledge('0000000000000000');
    expect(readdirSync(folder)).toEqual([]);
    expect((await Outbox.open(folder, noLogger)).waiting).toEqual([]);
  });

  it('puts aside what it cannot read, and removes half-written files', async () => {
    const outbox = await Outbox.open(folder, noLogger);
    await outbox.add(outcome(1));
    const [name = ''] = readdirSync(folder);
    const spoilt = '000000000002-00000000000000aa.json';
    writeFileSync(join(folder, spoilt), readFileSync(join(folder, name), 'utf8').slice(0, 40));
    writeFileSync(join(folder, '000000000003-00000000000000bb.json.0123456789abcdef.tmp'), 'half');
    const next = await Outbox.open(folder, noLogger);
    expect(next.waiting).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual([name, `${spoilt}.bad`]);
  });

  it('refuses an outcome that no orchestrator would understand', async () => {
    const outbox = await Outbox.open(folder, noLogger);
    await expect(outbox.add({ ...outcome(1), jobId: 'job_x' })).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps an outcome in memory when the disk refuses it', async () => {
    const outbox = await Outbox.open(folder, noLogger);
    rmSync(folder, { recursive: true });
    const stored = await outbox.add(outcome(1));
    expect(outbox.waiting).toEqual([stored]);
    await outbox.acknowledge(stored.outboxId);
    expect(outbox.waiting).toEqual([]);
  });

  it('holds every outcome that was said to be stored, whole, after a kill at any moment', async () => {
    const script = join(folder, 'writer.ts');
    const box = join(folder, 'box');
    const lines = [
      `import { Outbox } from '${new URL('./outbox.ts', import.meta.url).href}';`,
      'const none = () => undefined;',
      'const outbox = await Outbox.open(process.argv[2], { error: none, warn: none, info: none, debug: none, child: none });',
      'for (let i = 1; ; i += 1) {',
      "  const jobId = 'job_' + i.toString(16).padStart(16, '0');",
      "  await outbox.add({ type: 'outcome', jobId, fence: 1, status: 'succeeded', result: null, error: null, summary: 'x'.repeat(50_000) });",
      "  process.stdout.write('.');",
      '}',
    ];
    writeFileSync(script, lines.join('\n'));
    for (const after of [1, 4, 9]) {
      rmSync(box, { recursive: true, force: true });
      const said = await killAfter(script, box, after);
      const outbox = await Outbox.open(box, noLogger);
      expect(outbox.waiting.length).toBeGreaterThanOrEqual(said);
      expect(outbox.outcomes.map(({ jobId }) => jobId)).toEqual(outbox.waiting.map((_, position) => jobNumber(position + 1)));
      expect(readdirSync(box).every((name) => name.endsWith('.json'))).toBe(true);
    }
  });
});

/** Kills a writer as soon as it said so many times that an outcome is stored; answers how often it had said so. */
async function killAfter(script: string, box: string, count: number): Promise<number> {
  const child = spawn(process.execPath, [script, box], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = 0;
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (data: Buffer) => {
      said += data.length;
      if (said >= count) child.kill('SIGKILL');
    });
    child.on('close', () => resolve());
  });
  return said;
}
