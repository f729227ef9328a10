import { hostileArchive } from './archive-error.ts';
import type { ByteText } from './tar-entry.ts';

/** As many links as Linux follows before it gives up. */
const mostHops = 40;

/** How much looking one archive is worth; links can be made so tangled that it would never end. */
export interface LookBudget {
  left: number;
}

export const lookBudget = (): LookBudget => ({ left: 100_000_000 });

/**
 * Whether a symbolic link leads to a place within the target folder, whichever other links of the archive it passes on the
 * way: what looks inside by its words alone may leave by a link, and two harmless links may make a harmful third.
 * A link that leads nowhere, or round in a circle, stays inside. Throws `denied` when the budget is used up.
 */
export function resolvesInside(link: readonly ByteText[], targets: ReadonlyMap<ByteText, ByteText>, budget: LookBudget): boolean {
  const start = targets.get(link.join('/'));
  if (start === undefined || !isUsable(start)) return false;
  const at = link.slice(0, -1);
  const rest = componentsOf(start).reverse();
  for (let hops = 0; rest.length > 0; ) {
    const part = rest.pop() ?? '';
    budget.left -= 1 + at.length;
    if (budget.left < 0) throw hostileArchive('its links are too tangled');
    if (part === '..') {
      if (at.pop() === undefined) return false;
      continue;
    }
    at.push(part);
    const next = targets.get(at.join('/'));
    if (next === undefined) continue;
    if (!isUsable(next)) return false;
    hops += 1;
    if (hops > mostHops) return true;
    at.pop();
    rest.push(...componentsOf(next).reverse());
  }
  return true;
}

const isUsable = (target: ByteText): boolean => target !== '' && !target.startsWith('/') && !target.includes('\0');

function componentsOf(target: ByteText): ByteText[] {
  return target.split('/').filter((part) => part !== '' && part !== '.');
}
