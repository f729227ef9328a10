import { describe, expect, it } from 'vitest';
import { listAll } from '../list-all.ts';
import { MemoryBackend } from '../memory/memory-backend.ts';
import { backendSuite, FaultyBackend, isKilled } from './index.ts';

backendSuite('faulty without faults', async () => ({ backend: new FaultyBackend(new MemoryBackend()) }));

const handle = (digit: string) => ({ type: 'lock', name: digit.repeat(64) }) as const;
const namesIn = async (backend: FaultyBackend): Promise<string[]> =>
  (await listAll(backend, 'lock')).map((file) => file.name[0] ?? '').sort();

describe('FaultyBackend', () => {
  it('fails the n-th request before its effect', async () => {
    const backend = new FaultyBackend(new MemoryBackend()).failAt(2, { when: 'before' });
    await backend.put(handle('a'), Buffer.from('x'));
    await expect(backend.put(handle('b'), Buffer.from('x'))).rejects.toMatchObject({ kind: 'unavailable' });
    await backend.put(handle('c'), Buffer.from('x'));
    expect(await namesIn(backend)).toEqual(['a', 'c']);
  });

  it('loses the answer after the effect', async () => {
    const backend = new FaultyBackend(new MemoryBackend()).failNext('put', { when: 'after', type: 'lock' });
    await expect(backend.put(handle('a'), Buffer.from('x'))).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(backend.put(handle('a'), Buffer.from('x'))).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('stays dead after a kill until it is revived', async () => {
    const backend = new FaultyBackend(new MemoryBackend()).failAt(1, { when: 'after', kill: true });
    const ends = await Promise.allSettled([backend.put(handle('a'), Buffer.from('x')), backend.stat(handle('a'))]);
    expect(ends.map((end) => end.status === 'rejected' && isKilled(end.reason))).toEqual([true, true]);
    backend.revive();
    expect(await namesIn(backend)).toEqual(['a']);
  });

  it('serves an old listing until it is thawed', async () => {
    const backend = new FaultyBackend(new MemoryBackend(), { listDelayMs: 60_000 });
    await backend.freezeLists('lock');
    await backend.put(handle('a'), Buffer.from('x'));
    expect(await namesIn(backend)).toEqual([]);
    backend.thawLists();
    expect(await namesIn(backend)).toEqual(['a']);
  });

  it('holds requests at the gate', async () => {
    const backend = new FaultyBackend(new MemoryBackend());
    const gate = Promise.withResolvers<void>();
    backend.gate = () => gate.promise;
    const put = backend.put(handle('a'), Buffer.from('x'));
    backend.gate = undefined;
    expect(await namesIn(backend)).toEqual([]);
    gate.resolve();
    await put;
    expect(await namesIn(backend)).toEqual(['a']);
  });
});
