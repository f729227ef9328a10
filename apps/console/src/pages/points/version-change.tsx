import { useQuery } from '@tanstack/react-query';
import { type Keeper, lookQuery } from '../../api/browse.ts';
import { size } from '../../format/quantity.ts';
import { Skeleton } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';
import { type DiffLine, lineDiff } from '../../view/line-diff.ts';
import { bytesOf, shownLines, textOf } from '../../view/preview-kind.ts';
import { type VersionRun, versionDifferences } from '../../view/version-runs.ts';
import { PREVIEW_BYTES } from './preview-view.tsx';

const signs: Record<DiffLine['what'], string> = { same: ' ', gone: '-', came: '+' };

/** The text of a version, when all of it was read and it is text; null for anything else, undefined until it is known. */
const useText = (keeper: Keeper | undefined, pointId: string, path: string, isFile: boolean): string | null | undefined => {
  const query = useQuery({
    ...lookQuery<'preview'>(keeper, pointId, { ask: 'preview', path, bytes: PREVIEW_BYTES }),
    enabled: isFile && keeper !== undefined,
  });
  if (!isFile || query.error) return null;
  if (query.data === undefined) return undefined;
  return query.data.isCut ? null : (textOf(bytesOf(query.data.bytes), false) ?? null);
};

const Lines = ({ older, newer }: { readonly older: string; readonly newer: string }) => {
  const lines = lineDiff(older, newer);
  if (lines === undefined) return <p className="xs sec">The texts are too long to be compared here.</p>;
  if (lines.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keys.
    <section className="bytes" tabIndex={0} aria-label="Lines that changed">
      <pre>
        {lines.map(({ what, text, line }) => (
          <span key={`${what} ${line}`} className={what}>
            {String(line).padStart(4)} {signs[what]} {shownLines(text, 1)[0]}
          </span>
        ))}
      </pre>
    </section>
  );
};

interface VersionChangeProps {
  readonly keeper: Keeper | undefined;
  readonly path: string;
  readonly pointId: string;
  readonly shown: VersionRun;
  readonly other: VersionRun;
}

/** How the shown version differs from another one: facts first, and the lines where both are short texts. */
export const VersionChange = ({ keeper, path, pointId, shown, other }: VersionChangeProps) => {
  const otherId = other.points[0]?.restorePointId ?? '';
  const isOlder = (other.points[0]?.time ?? '') < (shown.points.at(-1)?.time ?? '');
  const isFile = shown.entry?.type === 'file' && other.entry?.type === 'file';
  const [here, there] = [useText(keeper, pointId, path, isFile), useText(keeper, otherId, path, isFile)];
  const [older, newer] = isOlder ? [other, shown] : [shown, other];
  const [olderText, newerText] = isOlder ? [there, here] : [here, there];
  const differences = versionDifferences(older, newer, size);
  return (
    <section className="col" aria-label="Comparison of two versions">
      <h3>
        {isOlder ? 'Changed since' : 'Changes until'} <Moment at={other.entry?.modified ?? other.points[0]?.time ?? ''} />
      </h3>
      <p className="xs sec">{differences.length === 0 ? 'Nothing that is kept differs.' : `${differences.join(', ')}.`}</p>
      {typeof olderText === 'string' && typeof newerText === 'string' ? (
        <Lines older={olderText} newer={newerText} />
      ) : (
        (olderText === undefined || newerText === undefined) && <Skeleton rows={2} />
      )}
    </section>
  );
};
