import { expect, it } from 'vitest';
import { boundedMap } from './bounded-map.ts';

it('keeps the order and never exceeds the limit', async () => {
  let running = 0;
  let most = 0;
  const results = await boundedMap([5, 1, 4, 2, 3], 2, async (value) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < value; turn += 1) await Promise.resolve();
    running -= 1;
    return value * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

it('begins nothing new after a failure and throws the first one', async () => {
  const begun: number[] = [];
  const work = boundedMap([1, 2, 3, 4], 1, async (value) => {
    begun.push(value);
    if (value === 2) throw new Error('two');
    return value;
  });
  await expect(work).rejects.toThrow('two');
  expect(begun).toEqual([1, 2]);
});
