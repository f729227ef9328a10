import { type Location, openBackend, type StorageBackend } from '@fortfail/storage';

/** Opens the store of a pipeline; under a dry run one that reads as it should and forgets what is put. */
export async function openPipelineBackend(location: Location, isDryRun: boolean): Promise<StorageBackend> {
  const backend = await openBackend(location);
  if (!isDryRun) return backend;
  return new Proxy(backend, {
    get(target, property): unknown {
      if (property === 'put') return async (): Promise<void> => undefined;
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
