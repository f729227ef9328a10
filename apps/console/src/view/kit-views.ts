import type { KitState } from '@fortfail/protocol';
import { counted } from '../format/quantity.ts';

/** The answer of the page: what comes back with the paper alone. */
export const kitTitle = ({ state, kitId, repositories }: Pick<KitState, 'state' | 'kitId' | 'repositories'>): string => {
  if (state === 'none') return 'There is no recovery kit: who loses this site loses its backups';
  if (state === 'unconfirmed') return `Kit ${kitId} was made, and nobody confirmed that it is on paper`;
  const sealed = repositories.filter(({ escrowed }) => escrowed).length;
  if (repositories.length === 0) return `Kit ${kitId} is on paper; there is no repository yet`;
  if (sealed === repositories.length)
    return sealed === 1
      ? `With kit ${kitId} on paper the one repository can be opened`
      : `With kit ${kitId} on paper all ${sealed} repositories can be opened`;
  return `Kit ${kitId} opens ${sealed} of ${counted(repositories.length, 'repository', 'repositories')}`;
};

/** What the frame says until a kit is confirmed; undefined once it is. */
export const kitWarning = (state: KitState['state'] | undefined): string | undefined =>
  state === 'none' ? 'No recovery kit' : state === 'unconfirmed' ? 'Recovery kit not confirmed' : undefined;

/** What to type on a host so that it obeys the owner of this kit. Nobody can do it over the link. */
export const ownerCommand = (recipient: string, owner: string): string => `fortfail agent owner set --recovery ${recipient} '${owner}'`;

/** Characters as people type them from paper: white space, hyphens and case do not count. */
export const typedCharacters = (text: string): string => text.replaceAll(/[\s\u2010-\u2015-]+/g, '').toUpperCase();

/** A QR code as the outline of its dark squares: one path, row by row. */
export const qrPath = (rows: readonly (readonly boolean[])[]): string =>
  rows
    .flatMap((row, y) => {
      const runs: string[] = [];
      for (let x = 0; x < row.length; x += 1) {
        if (row[x] !== true) continue;
        const from = x;
        while (row[x + 1] === true) x += 1;
        runs.push(`M${from} ${y}h${x - from + 1}v1h-${x - from + 1}z`);
      }
      return runs;
    })
    .join('');
