import type { RestorePoint } from '@fortfail/protocol';
import { useQueries } from '@tanstack/react-query';
import { Link } from 'wouter';
import { type Keeper, lookQuery, needsApproval, useKeeper } from '../../api/browse.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { count, counted, size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ErrorNote, Skeleton } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';
import { type FoundPath, mergeFound } from '../../view/merge-found.ts';
import { filesAddress } from '../../view/point-address.ts';
import { visibleText } from '../../view/visible-text.ts';
import { ApprovalNote } from './approval-note.tsx';
import { entryIcon } from './entry-row.tsx';
import './explorer.css';

/** Points searched at first, and with each further wish. */
const STEP = 5;
const MOST_POINTS = 80;
const MOST_FOUND = 200;

const FoundRow = ({ found, searched }: { readonly found: FoundPath; readonly searched: number }) => {
  const { entry, path, points } = found;
  const newest = points[0]?.id ?? '';
  const to = filesAddress(newest, entry.type === 'dir' ? { at: path } : { file: path });
  return (
    <tr>
      <td className="wr">
        <span className="row">
          <span className="dim">
            <Icon name={entryIcon[entry.type]} />
          </span>
          <Link className="mono xs" data-row href={to}>
            {visibleText(path)}
          </Link>
        </span>
      </td>
      <td className="num sec">{entry.type === 'file' && entry.size !== null ? size(entry.size) : '–'}</td>
      <td className="sec date">
        <Moment at={entry.modified} />
      </td>
      <td className="num sec">
        {count(points.length)} of {count(searched)}
      </td>
    </tr>
  );
};

const FoundTable = ({ found, searched }: { readonly found: readonly FoundPath[]; readonly searched: number }) => (
  <div className="tw">
    <table className="t compared">
      <thead>
        <tr>
          <th scope="col">Found</th>
          <th scope="col" className="num">
            Size
          </th>
          <th scope="col" className="date">
            Changed
          </th>
          <th scope="col" className="num">
            In points
          </th>
        </tr>
      </thead>
      <tbody>
        {found.map((each) => (
          <FoundRow key={each.path} found={each} searched={searched} />
        ))}
      </tbody>
    </table>
  </div>
);

interface FoundProps {
  readonly points: readonly RestorePoint[];
  readonly keeper: Keeper | undefined;
  readonly text: string;
}

/** The newest points first; each is asked by itself, so that what is found shows at once. */
const Found = ({ points, keeper, text }: FoundProps) => {
  const [fragment, setFragment] = useFragmentState();
  const searched = Math.min(points.length, Math.max(STEP, Number(fragment.get('n')) || 0));
  const queries = useQueries({
    queries: points.slice(0, searched).map(({ id }) => lookQuery<'find'>(keeper, id, { ask: 'find', text, limit: MOST_FOUND })),
  });
  const failed = queries.find(({ error }) => error !== null)?.error;
  if (keeper && needsApproval(failed)) return <ApprovalNote keeper={keeper} error={failed} />;
  const answers = points.slice(0, searched).flatMap((point, at) => {
    const data = queries[at]?.data;
    return data ? [{ point, ...data }] : [];
  });
  const found = mergeFound(answers);
  const isCut = answers.some((answer) => answer.isCut);
  const isSearching = queries.some(({ isPending }) => isPending) && !failed;
  const so = `${counted(found.length, 'path')} in the ${counted(answers.length, 'newest point')} of ${count(points.length)}`;
  return (
    <>
      <p className="in-pad xs sec" role="status">
        {isSearching && answers.length === 0 ? 'Searching the newest points…' : `${so}.`}
        {isCut && ` Of points with more than ${MOST_FOUND} matches only the first ones are told: type more of the name.`}
      </p>
      {failed && <ErrorNoteRow error={failed} />}
      {found.length > 0 ? (
        <FoundTable found={found} searched={answers.length} />
      ) : isSearching ? (
        <Skeleton rows={6} />
      ) : (
        !failed && <p className="in-pad m">Nothing there has “{visibleText(text)}” in its name.</p>
      )}
      {searched < points.length && (
        <div className="table-foot">
          <Button
            small
            stop={isSearching ? 'The newer points are being searched.' : undefined}
            onClick={() => setFragment({ n: String(searched + STEP) })}
          >
            Search {count(Math.min(STEP, points.length - searched))} older points
          </Button>
        </div>
      )}
    </>
  );
};

const ErrorNoteRow = ({ error }: { readonly error: unknown }) => (
  <div className="in-pad">
    <ErrorNote title="Not all of these points could be searched." error={error} works="What was found in the others is below." />
  </div>
);

/** Files of a plan's points whose name holds a text. */
export const SearchResults = ({ planId, text }: { readonly planId: string; readonly text: string }) => {
  const list = useRouteQuery('listRestorePoints', { query: { planId, limit: MOST_POINTS } });
  const [newest] = list.data?.items ?? [];
  const keeper = useKeeper(newest);
  const points = list.data?.items.filter(({ repositoryId }) => repositoryId === newest?.repositoryId);
  return (
    <Card title={`Named like “${visibleText(text)}”`} note={newest?.planName} flush busy={points === undefined}>
      {points ? (
        points.length === 0 ? (
          <p className="in-pad sec">This plan has no restore point yet.</p>
        ) : (
          <Found key={text} points={points} keeper={keeper} text={text} />
        )
      ) : list.error ? (
        <div className="in-pad">
          <ErrorNote title="The restore points could not be read." error={list.error} onRetry={() => void list.refetch()} />
        </div>
      ) : (
        <Skeleton rows={8} />
      )}
    </Card>
  );
};
