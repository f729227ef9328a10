import { randomInt } from 'node:crypto';
import { FortFailError } from '@fortfail/base';

/** Which packs `check` reads whole: part `n` of `of`, a share of them by chance, or as many as come to a size. */
export type DataSubset =
  | { readonly kind: 'part'; readonly part: number; readonly of: number }
  | { readonly kind: 'percent'; readonly percent: number }
  | { readonly kind: 'size'; readonly sizeBytes: number };

/** A pack and its size as the storage lists it. */
export interface ListedPack {
  readonly name: string;
  readonly sizeBytes: number;
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Reads restic's `--read-data-subset`: `1/5`, `2.5%`, `50M`. Throws `invalid-input`. */
export function parseDataSubset(text: string): DataSubset {
  const [, part, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (part !== undefined && of !== undefined) {
    const subset = { kind: 'part', part: Number(part), of: Number(of) } as const;
    if (subset.part >= 1 && subset.part <= subset.of && subset.of <= 256) return subset;
  }
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) > 0 && Number(percent) <= 100) return { kind: 'percent', percent: Number(percent) };
  const [, size, unit = ''] = /^(\d+)([kmgt]?)b?$/i.exec(text) ?? [];
  if (size !== undefined && Number(size) > 0) return { kind: 'size', sizeBytes: Number(size) * (units[unit.toLowerCase()] ?? 1) };
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'read-data-subset',
    message: `invalid subset '${text}'`,
    hint: 'Name a part (1/5, of at most 256), a percentage (2.5%) or a size (50M).',
  });
}

/** The packs of that subset. Shares and sizes are drawn by chance, at least one pack. */
export function choosePacks(packs: readonly ListedPack[], subset: DataSubset): ListedPack[] {
  if (subset.kind === 'part') return packs.filter(({ name }) => Number.parseInt(name.slice(0, 2), 16) % subset.of === subset.part - 1);
  const total = packs.reduce((sum, pack) => sum + pack.sizeBytes, 0);
  const percent = subset.kind === 'percent' ? subset.percent : Math.min(100, (subset.sizeBytes / Math.max(1, total)) * 100);
  const count = Math.min(packs.length, Math.max(1, Math.floor((packs.length * percent) / 100)));
  const rest = [...packs];
  return Array.from({ length: count }, () => rest.splice(randomInt(rest.length), 1)).flat();
}
