/**
 * Maps `items` by `work`, at most `limit` at once, results in the order of the items. The first failure is thrown
 * after the work already begun has ended; nothing new is begun after it.
 */
export async function boundedMap<T, R>(items: Iterable<T>, limit: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const iterator = items[Symbol.iterator]();
  let next = 0;
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (failures.length === 0) {
      const item = iterator.next();
      if (item.done === true) return;
      const index = next;
      next += 1;
      try {
        results[index] = await work(item.value, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, limit) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
