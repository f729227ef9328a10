/** A thing one can do or go to. */
export interface PaletteItem {
  readonly id: string;
  readonly group: 'Do' | 'Go to';
  readonly label: string;
  readonly detail?: string;
  /** Words that find it beside those of the label. */
  readonly words?: string;
}

const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** The items that have every typed word somewhere, those that begin with the first word first. Order is kept otherwise. */
export const matchItems = <T extends PaletteItem>(items: readonly T[], typed: string, limit = 12): T[] => {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  const found = items
    .map((item) => ({ item, text: fold(`${item.label} ${item.words ?? ''} ${item.detail ?? ''}`) }))
    .filter(({ text }) => words.every((word) => text.includes(word)));
  const first = words[0];
  const begins = first === undefined ? found : found.filter(({ text }) => text.startsWith(first));
  const rest = first === undefined ? [] : found.filter(({ text }) => !text.startsWith(first));
  return [...begins, ...rest].slice(0, limit).map(({ item }) => item);
};
