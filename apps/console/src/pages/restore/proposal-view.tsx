import type { Restore, RestoreProposal } from '@fortfail/protocol';
import { duration } from '../../format/duration.ts';
import { counted, size } from '../../format/quantity.ts';
import { Figure } from '../../ui/card.tsx';
import { Note } from '../../ui/states.tsx';
import { visibleText } from '../../view/visible-text.ts';

/** What is in the way: shown, never overwritten. */
const Conflicts = ({ proposal }: { readonly proposal: RestoreProposal }) => (
  <div className="tw conflicts">
    <table className="t">
      <thead>
        <tr>
          <th scope="col">Path</th>
          <th scope="col">There now</th>
          <th scope="col">In the point</th>
        </tr>
      </thead>
      <tbody>
        {proposal.conflicts.map(({ path, onDisk, inPoint }) => (
          <tr key={path}>
            <td className="wr mono">{visibleText(path)}</td>
            <td className="wr">{onDisk}</td>
            <td className="wr">{inPoint}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const whole = (value: number): string => duration(Math.max(1, Math.ceil(value)));

/** Step 2: what would be written where, and what it takes. */
export const ProposalView = ({
  restore,
  proposal,
  host,
}: {
  readonly restore: Restore;
  readonly proposal: RestoreProposal;
  readonly host: string;
}) => {
  const lacksSpace = proposal.freeBytes !== null && proposal.freeBytes < proposal.bytes;
  return (
    <>
      <Note
        tone={proposal.conflictCount > 0 || lacksSpace ? 'risk' : 'safe'}
        title={`${host} answers: ${counted(proposal.files, 'file')}, ${size(proposal.bytes)}, ${proposal.conflictCount === 0 ? 'nothing in the way' : counted(proposal.conflictCount, 'conflict')}.`}
      >
        <p className="sec">
          Computed against the live disk. Digest{' '}
          <code>
            {proposal.digest.slice(0, 8)}…{proposal.digest.slice(-4)}
          </code>
          , good until anything there changes.
        </p>
      </Note>
      <dl className="kv">
        <dt>Into</dt>
        <dd>
          <code>{proposal.target}</code>
        </dd>
        <dt>From</dt>
        <dd>
          {restore.include.length === 0
            ? `everything of ${restore.planName}`
            : restore.include.map((path) => (
                <code key={path} className="path">
                  {visibleText(path)}
                </code>
              ))}
        </dd>
      </dl>
      <dl className="figs plain">
        <Figure
          name="Writes"
          value={`${counted(proposal.files, 'file')}, ${size(proposal.bytes)}`}
          detail={`${counted(proposal.directories, 'folder')}, ${counted(proposal.others, 'other entry', 'other entries')}`}
        />
        <Figure name="Reads" value={`${counted(proposal.packs, 'pack')}, ${size(proposal.bytesToRead)}`} detail="from the repository" />
        <Figure
          name="Expected"
          value={proposal.expectedSeconds === null ? 'unknown' : `~${whole(proposal.expectedSeconds)}`}
          detail={proposal.expectedSeconds === null ? 'nothing like it was measured yet' : 'from what was measured'}
        />
        <Figure
          name="Free there"
          value={<span className={lacksSpace ? 'lost' : ''}>{proposal.freeBytes === null ? 'unknown' : size(proposal.freeBytes)}</span>}
          detail={lacksSpace ? `${size(proposal.bytes - (proposal.freeBytes ?? 0))} too little` : 'on that disk'}
        />
      </dl>
      {proposal.limits.length > 0 && (
        <Note tone="risk" title="Not everything can be set by this agent.">
          <ul className="sec">
            {proposal.limits.map((limit) => (
              <li key={limit}>{limit}</li>
            ))}
          </ul>
        </Note>
      )}
      {proposal.conflictCount > 0 && <Conflicts proposal={proposal} />}
    </>
  );
};
