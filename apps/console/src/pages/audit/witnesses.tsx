import type { RouteAnswer } from '@fortfail/protocol';
import { Link } from 'wouter';
import { saveFile } from '../../render/save-file.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote, Skeleton } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import { witnessTone, witnessWord } from '../../view/audit-views.ts';
import { visibleText } from '../../view/visible-text.ts';

type Answer = RouteAnswer<'listAuditWitnesses'>;

interface WitnessesProps {
  readonly query: { readonly data: Answer | undefined; readonly error: unknown; readonly isFetching: boolean };
  readonly onAsk: () => void;
}

const Found = ({ answer }: { readonly answer: Answer }) =>
  answer.items.length === 0 ? (
    <p className="in-pad sec">There is no host that could be a witness.</p>
  ) : (
    <ul>
      {answer.items.map((witness) => (
        <li key={witness.agentId} className="witness">
          <div className="row wrap">
            <Link className="m" href={`/agents/${witness.agentId}`}>
              {visibleText(witness.hostname)}
            </Link>
            <Status tone={witnessTone[witness.verdict]}>{witnessWord[witness.verdict]}</Status>
            {witness.seenAt !== null && (
              <span className="xs dim">
                signed <Moment at={witness.seenAt} seconds />
              </span>
            )}
          </div>
          <p className="xs sec">{visibleText(witness.sentence)}</p>
        </li>
      ))}
    </ul>
  );

/** What hosts hold of the chain. They are asked when somebody wants to know. */
export const Witnesses = ({ query, onAsk }: WitnessesProps) => {
  const { data, error, isFetching } = query;
  return (
    <Card
      title="Witnesses"
      note={data ? undefined : 'not asked yet'}
      flush
      busy={isFetching}
      action={
        <>
          {data && (
            <Button small kind="ghost" onClick={() => saveFile('allowed_signers', data.allowedSigners)}>
              Save allowed_signers
            </Button>
          )}
          <Button small stop={isFetching ? 'They are being asked.' : undefined} onClick={onAsk}>
            Ask them
          </Button>
        </>
      }
    >
      {error !== null && !isFetching && (
        <div className="in-pad">
          <ErrorNote title="The witnesses could not be asked." error={error} onRetry={onAsk} />
        </div>
      )}
      {data ? (
        <Found answer={data} />
      ) : isFetching ? (
        <Skeleton rows={3} />
      ) : (
        <p className="in-pad sec">Each host keeps the signed heads that it was sent, and says whether they still fit to this chain.</p>
      )}
    </Card>
  );
};
