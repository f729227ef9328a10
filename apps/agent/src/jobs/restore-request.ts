import type { RestoreRequest } from '@fortfail/engine';
import type { Repository } from '@fortfail/repository';
import { pathsShownAs } from '../browse/entry-path.ts';

/** The same request must be given to propose and to apply, so both make it here. */
export async function restoreRequest(
  repository: Repository,
  order: { readonly snapshot: string; readonly include: readonly string[]; readonly target: string },
): Promise<RestoreRequest> {
  const snapshot = await repository.findSnapshot(order.snapshot);
  return { snapshot, target: order.target, ...(order.include.length === 0 ? {} : { includePaths: order.include.flatMap(pathsShownAs) }) };
}
