import type { Restore, RestoreProposal } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { call } from '../../api/call.ts';
import { queryClient, routeQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { counted, size } from '../../format/quantity.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/states.tsx';

interface ConfirmDialogProps {
  readonly restore: Restore;
  readonly proposal: RestoreProposal;
  readonly host: string;
  readonly onClose: () => void;
}

/** Step 3: says exactly again what will happen, and orders what the digest names and nothing else. */
export const ConfirmDialog = ({ restore, proposal, host, onClose }: ConfirmDialogProps) => {
  const stop = useVerbStop('restore');
  const apply = useMutation({
    mutationFn: () => call('applyRestore', { path: { restoreId: restore.id }, body: { digest: proposal.digest } }),
    onSuccess: (next) => {
      queryClient.setQueryData(routeQuery('getRestore', { path: { restoreId: restore.id } }).queryKey, next);
      onClose();
    },
  });
  return (
    <Dialog title={`Restore ${counted(proposal.files, 'file')} of ${restore.planName}?`} onClose={onClose} className="confirm">
      <p>
        This writes <b>{size(proposal.bytes)}</b> into <code className="wrap-any">{proposal.target}</code> on <b>{host}</b>. Nothing that is
        there is changed.
      </p>
      <p className="xs sec">
        Recorded with your name, and the proposal{' '}
        <code>
          {proposal.digest.slice(0, 8)}…{proposal.digest.slice(-4)}
        </code>
        .
      </p>
      {apply.error && <ErrorNote title="The restore was not ordered." error={apply.error} works="Nothing was written." />}
      <div className="row dlg-foot">
        <span className="sp" />
        <Button onClick={onClose} autoFocus>
          Back
        </Button>
        <Button kind="primary" stop={stop ?? (apply.isPending ? 'It is being ordered.' : undefined)} onClick={() => apply.mutate()}>
          Restore {counted(proposal.files, 'file')}
        </Button>
      </div>
    </Dialog>
  );
};
