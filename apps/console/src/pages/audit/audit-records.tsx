import type { AuditRecord } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { pagedQuery } from '../../api/queries.ts';
import { count } from '../../format/quantity.ts';
import { useIsNarrow } from '../../render/use-media.ts';
import { useUrlState } from '../../render/use-url-state.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ObjectLink } from '../../ui/object-link.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer, Note } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';
import { brokenLink, filterMoment, recordFacts, shortHash } from '../../view/audit-views.ts';
import { visibleText } from '../../view/visible-text.ts';
import { AuditFilter } from './audit-filter.tsx';
import { RecordDetail } from './record-detail.tsx';

const names = ['action', 'actor', 'object', 'since', 'until'] as const;

const useFilter = (): Readonly<Record<string, string>> => {
  const [url] = useUrlState();
  const filter: Record<string, string> = {};
  for (const name of names) {
    const value = name === 'since' || name === 'until' ? filterMoment(url.get(name)) : (url.get(name) ?? undefined);
    if (value !== undefined && value !== '') filter[name] = value;
  }
  return filter;
};

interface RowProps {
  readonly chain: string;
  readonly record: AuditRecord;
  readonly isOpen: boolean;
  readonly onOpen: () => void;
}

const Row = ({ record, chain, isOpen, onOpen }: RowProps) => {
  const { at, action, actor, object, outcome } = recordFacts(record);
  return (
    <>
      <tr className={isOpen ? 'on' : undefined}>
        <td>
          <button type="button" className="lk mono" data-row aria-expanded={isOpen} onClick={onOpen}>
            <span className="vh">Record </span>
            {count(record.seq)}
          </button>
        </td>
        <td className="sec">{at === undefined ? 'unknown' : <Moment at={at} seconds />}</td>
        <td>
          <span title={visibleText(actor.id)}>{visibleText(actor.kind || 'unknown')}</span>{' '}
          <span className="dim xs">{visibleText(actor.via)}</span>
        </td>
        <td>{visibleText(action || 'unknown')}</td>
        <td>{object && <ObjectLink object={object} />}</td>
        <td className={outcome === 'done' || outcome === '' ? 'sec' : 'risk m'}>{visibleText(outcome || 'done')}</td>
        <td>
          <code className="sec">{shortHash(record.hash)}</code>
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={heads.length} className="wr">
            <RecordDetail record={record} chain={chain} />
          </td>
        </tr>
      )}
    </>
  );
};

const RecordCard = ({ record, chain, isOpen, onOpen }: RowProps) => {
  const { at, action, actor, object, outcome } = recordFacts(record);
  return (
    <li className="record-card">
      <div className="row wrap">
        <button type="button" className="lk mono" data-row aria-expanded={isOpen} onClick={onOpen}>
          <span className="vh">Record </span>
          {count(record.seq)}
        </button>
        <b className="m">{visibleText(action || 'unknown')}</b>
        {outcome !== 'done' && outcome !== '' && <span className="risk m">{visibleText(outcome)}</span>}
      </div>
      <div className="row wrap xs sec">
        {at !== undefined && <Moment at={at} seconds />}
        <span>{visibleText(actor.kind || 'unknown')}</span>
        {object && <ObjectLink object={object} />}
      </div>
      {isOpen && <RecordDetail record={record} chain={chain} />}
    </li>
  );
};

const heads = ['Record', 'When', 'Who', 'What', 'On', 'Outcome', 'Hash'];

interface RecordListProps {
  readonly chain: string;
  readonly records: readonly AuditRecord[];
  readonly open: number | undefined;
  readonly onOpen: (seq: number) => void;
}

const RecordTable = ({ records, chain, open, onOpen }: RecordListProps) => (
  <div className="tw">
    <table className="t">
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {records.map((record) => (
          <Row key={record.seq} record={record} chain={chain} isOpen={record.seq === open} onOpen={() => onOpen(record.seq)} />
        ))}
      </tbody>
    </table>
  </div>
);

const RecordCards = ({ records, chain, open, onOpen }: RecordListProps) => (
  <ul>
    {records.map((record) => (
      <RecordCard key={record.seq} record={record} chain={chain} isOpen={record.seq === open} onOpen={() => onOpen(record.seq)} />
    ))}
  </ul>
);

/** The records of one chain, newest first, by a filter that is part of the address; one of them in full. */
export const AuditRecords = ({ chain }: { readonly chain: 'main' | 'access' }) => {
  const [url, setUrl] = useUrlState();
  const filter = useFilter();
  const query = useInfiniteQuery(pagedQuery('listAudit', { query: { chain, limit: 50, ...filter } }));
  const records = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const open = Number(url.get('n') ?? Number.NaN);
  const shown = records.find(({ seq }) => seq === open);
  const broken = brokenLink(records);
  const List = useIsNarrow() ? RecordCards : RecordTable;
  const isFiltered = Object.keys(filter).length > 0;
  const clear = (): void => setUrl(Object.fromEntries([...names, 'n'].map((name) => [name, undefined])));
  return (
    <>
      {broken !== undefined && (
        <Note tone="lost" title={`Record ${count(broken)} does not carry the hash of the one before.`} alert>
          <p className="sec">Somebody changed one of the two. Have all checked, and ask the witnesses.</p>
        </Note>
      )}
      <Card title={chain === 'main' ? 'What was changed' : 'What was looked at'} note="newest first" flush busy={query.isPending}>
        <AuditFilter key={`${chain} ${JSON.stringify(filter)}`} chain={chain} filter={filter} />
        <Answer query={query} failed="The records could not be read." works="They are still written." rows={10}>
          {() =>
            records.length === 0 ? (
              <div className="empty">
                <p className="m">{isFiltered ? 'No record matches.' : 'There is no record yet.'}</p>
                {isFiltered && (
                  <Button small onClick={clear}>
                    Clear the filter
                  </Button>
                )}
              </div>
            ) : (
              <>
                <List
                  chain={chain}
                  records={records}
                  open={shown?.seq}
                  onOpen={(seq) => setUrl({ n: shown?.seq === seq ? undefined : String(seq) }, true)}
                />
                <ShowOlder query={query} label="Show older records" />
              </>
            )
          }
        </Answer>
      </Card>
      {url.has('n') && !shown && query.data && (
        <p className="xs sec">Record {visibleText(url.get('n') ?? '')} is not among those shown: show older ones, or clear the filter.</p>
      )}
    </>
  );
};
