import type { Restore, RestoreProposal } from '@fortfail/protocol';
import { useQuery } from '@tanstack/react-query';
import { Note, Skeleton } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';

const useWords = (digest: string): readonly string[] | undefined =>
  useQuery({
    queryKey: ['words', digest],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await import('../../api/browse-seal.ts')).wordsOf(digest),
  }).data;

const Approvals = ({ approvals }: { readonly approvals: NonNullable<Restore['approvals']> }) =>
  approvals.length === 0 ? (
    <p className="xs sec">Nobody has signed it yet.</p>
  ) : (
    <ul className="xs sec">
      {approvals.map(({ name, by, at }) => (
        <li key={`${name} ${by} ${at}`}>
          {name} signed it by {by === 'ssh' ? 'SSH key' : 'passkey'}, <Moment at={at} />
        </li>
      ))}
    </ul>
  );

interface ConsentNoteProps {
  readonly restore: Restore;
  readonly proposal: RestoreProposal;
  readonly host: string;
}

/** A restore of one host's data onto another: what to type where before that host writes. */
export const ConsentNote = ({ restore, proposal, host }: ConsentNoteProps) => {
  const words = useWords(proposal.digest);
  return (
    <Note tone="held" title={`${host} writes another host’s data only after a yes that it can check itself.`}>
      <dl className="kv gap-top">
        <dt>On {host}</dt>
        <dd>
          {words ? (
            <>
              <code className="wrap-any">fortfail agent approve {words.join(' ')}</code>
              <span className="xs sec option-detail">
                These six words are of this proposal alone; compare them with what the host shows.
              </span>
            </>
          ) : (
            <Skeleton rows={1} />
          )}
        </dd>
        <dt>By SSH key</dt>
        <dd>
          <code className="wrap-any">fortfail approve {restore.id}</code>
          <span className="xs sec option-detail">With a key of the roster; it shows the proposal as the host tells it.</span>
        </dd>
        <dt>So far</dt>
        <dd>
          <Approvals approvals={restore.approvals ?? []} />
        </dd>
      </dl>
    </Note>
  );
};
