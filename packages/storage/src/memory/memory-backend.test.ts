import { describe, expect, it } from 'vitest';
import { openBackend } from '../open-backend.ts';
import { backendSuite } from '../testing/index.ts';
import { MemoryBackend } from './memory-backend.ts';

backendSuite('memory', async () => {
  const backend = new MemoryBackend();
  return { backend, again: () => openBackend(backend.location) };
});

describe('MemoryBackend', () => {
  it('keeps its own copy of what was stored', async () => {
    const backend = new MemoryBackend();
    const body = Buffer.from('abc');
    await backend.put({ type: 'config', name: '' }, body);
    body.fill(0);
    expect(Buffer.from(await backend.get({ type: 'config', name: '' })).toString()).toBe('abc');
  });

  it('is not found in a thread that did not make it', async () => {
    await expect(openBackend({ kind: 'memory', path: 'elsewhere' })).rejects.toMatchObject({ kind: 'not-found' });
  });
});
