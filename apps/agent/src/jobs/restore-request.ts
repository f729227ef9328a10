import { findEntry, type RestoreRequest } from '@fortfail/engine';
import type { Repository } from '@fortfail/repository';
import { findShown } from '../browse/entry-path.ts';

/**
 * The same request must be given to propose and to apply, so both make it here. Throws `not-found` for a path that a person
 * named and that is not there: it must not come back as a success of nothing.
 */
export async function restoreRequest(
  repository: Repository,
  order: { readonly snapshot: string; readonly include: readonly string[]; readonly target: string },
): Promise<RestoreRequest> {
  const snapshot = await repository.findSnapshot(order.snapshot);
  const includePaths: (string | Buffer)[] = [];
  for (const path of order.include) {
    includePaths.push(
      await findShown(path, async (stored) => {
        await findEntry(repository, snapshot.tree, stored);
        return stored;
      }),
    );
  }
  return { snapshot, target: order.target, ...(includePaths.length === 0 ? {} : { includePaths }) };
}
