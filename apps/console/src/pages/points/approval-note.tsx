import { useMutation } from '@tanstack/react-query';
import { approveLooking, type Keeper } from '../../api/browse.ts';
import type { CallError } from '../../api/call.ts';
import { hasPasskeys } from '../../api/passkey.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote, Note } from '../../ui/states.tsx';

const useApprovalStop = (): string | undefined => {
  const me = useRouteQuery('me').data;
  const stop = useVerbStop('see-file-names');
  if (stop !== undefined) return stop;
  if (!hasPasskeys()) return 'This browser has no passkeys at this address.';
  return me?.passkeys.length === 0 ? 'You have no passkey yet. Add one under your name.' : undefined;
};

/** The host shows nothing yet: why, and what lets it. What the host itself said comes last, for those who work there. */
export const ApprovalNote = ({ keeper, error }: { readonly keeper: Keeper; readonly error: CallError }) => {
  const stop = useApprovalStop();
  const approve = useMutation({ mutationFn: () => approveLooking(keeper) });
  const isFirst = error.problem?.code === 'approval-needed';
  return (
    <div className="in-pad col gap-3">
      <Note tone="held" title={`${keeper.hostname} shows its files once you have approved this tab.`}>
        <p className="sec">
          What it answers is sealed to a key that this tab made: neither the orchestrator nor anything between can read it. One touch of
          your passkey lets this tab look for 14 minutes, into the points of {keeper.hostname} and of no other host.
        </p>
        {!isFirst && <p className="sec">The last approval did not count: {error.message}.</p>}
        <div className="row wrap gap-top">
          <Button
            kind="primary"
            stop={stop ?? (approve.isPending ? 'Your passkey is being asked.' : undefined)}
            onClick={() => approve.mutate()}
          >
            Approve with a passkey
          </Button>
          {stop !== undefined && <span className="xs sec">{stop}</span>}
        </div>
        {error.problem?.hint && <p className="xs sec gap-top">{error.problem.hint}</p>}
      </Note>
      {approve.error && <ErrorNote title="It was not approved." error={approve.error} works="Nothing was shown." />}
    </div>
  );
};
