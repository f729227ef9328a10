import type { Plan, RetentionPreview } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { queryClient } from '../../api/queries.ts';
import { toast } from '../../api/toasts.ts';
import { counted } from '../../format/quantity.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/states.tsx';

const MOST = 1000;

interface ForgetDialogProps {
  readonly plan: Pick<Plan, 'id' | 'name'>;
  readonly preview: RetentionPreview;
  readonly onClose: () => void;
}

/** Says once more exactly what goes and what stays, and wants the plan's name typed. */
export const ForgetDialog = ({ plan, preview, onClose }: ForgetDialogProps) => {
  const [typed, setTyped] = useState('');
  const going = preview.points.filter(({ verdict }) => verdict === 'remove').slice(0, MOST);
  const forget = useMutation({
    mutationFn: () =>
      call('forget', { path: { planId: plan.id }, body: { restorePointIds: going.map(({ restorePointId }) => restorePointId) } }),
    onSuccess: ({ job }) => {
      toast({
        tone: 'run',
        title: `Forgetting ${counted(going.length, 'point')} of ${plan.name}`,
        link: { label: 'Follow', href: `/jobs/${job.id}` },
      });
      for (const name of ['previewRetention', 'listRestorePoints', 'getPlan']) void queryClient.invalidateQueries({ queryKey: [name] });
      onClose();
    },
  });
  const isRight = typed === plan.name;
  return (
    <Dialog title={`Forget ${counted(going.length, 'restore point')} of ${plan.name}?`} onClose={onClose} className="confirm">
      <p className="sec">
        They are moved into the repository’s trash and can no longer be restored from here.{' '}
        {counted(preview.points.length - going.length, 'point stays', 'points stay')}. No space is freed: pruning does not exist yet.
      </p>
      <form
        className="col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (isRight && !forget.isPending) forget.mutate();
        }}
      >
        <div className="fld">
          <label htmlFor="forget-name">
            Type <code>{plan.name}</code> to go on
          </label>
          <input
            id="forget-name"
            className="inp mono"
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        {forget.error && <ErrorNote title="Nothing was forgotten." error={forget.error} />}
        <div className="row dlg-foot">
          <span className="sp" />
          <Button onClick={onClose} autoFocus>
            Keep them
          </Button>
          <Button type="submit" kind="danger" stop={isRight ? undefined : `Type ${plan.name} first.`}>
            Forget {counted(going.length, 'point')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};
