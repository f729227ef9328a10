import { asFortFailError } from '@fortfail/base';
import type { RouteBody } from '@fortfail/protocol';
import type { DataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import type { CommandContext } from '../command-context.ts';

type KitDraft = RouteBody<'createKit'>;

/** What is typed on a host so that its agent obeys the owner: the orchestrator cannot do it for anybody. */
export function ownerCommand({ owner, recovery }: { readonly owner: string; readonly recovery: string }): string {
  return `fortfail agent owner set --recovery ${recovery} '${owner}'`;
}

/**
 * Names the owner in the policy of the host where the kit is made: whoever types is on it. Where that cannot be done, another
 * owner being named there for example, the kit stands all the same and the sentence says what to do.
 */
export async function setLocalOwner(draft: KitDraft, data: DataFolder, context: CommandContext): Promise<string> {
  const named = { owner: draft.owner, recovery: draft.recipient };
  try {
    const { path } = await runHostTool<{ readonly path: string }>({ do: 'owner-set', ...named }, data, context);
    return `This host obeys the owner from now on: ${path}`;
  } catch (error) {
    return `This host does not name the owner yet: ${asFortFailError(error).message}. Then: ${ownerCommand(named)}`;
  }
}
