import type { KitState } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { queryClient, routeQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { toast } from '../../api/toasts.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { typedCharacters } from '../../view/kit-views.ts';
import { useKitMaker } from './use-kit-maker.ts';

/** Confirms a kit that was published but not read back, as when the tab was closed in between. */
export const ConfirmKit = ({ state }: { readonly state: KitState }) => {
  const [typed, setTyped] = useState('');
  const maker = useKitMaker();
  const stop = useVerbStop('edit-kit');
  const confirm = useMutation({
    mutationFn: () => {
      if (!maker.data || state.recipient === null) throw new Error('The part that confirms kits is not loaded.');
      return call('confirmKit', { body: maker.data.confirmationOf(state.recipient, typed) });
    },
    onSuccess: (next) => {
      queryClient.setQueryData(routeQuery('getKit').queryKey, next);
      toast({ tone: 'safe', title: `Recovery kit ${next.kitId} is confirmed` });
    },
  });
  const reason = typedCharacters(typed).length === 6 ? undefined : 'Type six characters.';
  return (
    <Card title="Confirm that it is on paper">
      <form
        className="col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (reason === undefined && stop === undefined && !confirm.isPending) confirm.mutate();
        }}
      >
        <p className="sec">
          If the page of kit {state.kitId} is in your hands, type its end. If it is not, make another kit: this one would protect nobody.
        </p>
        <div className="fld read-back">
          <label htmlFor="kit-last-six">Last six characters of the recovery key, read from the page</label>
          <input
            id="kit-last-six"
            className="inp mono"
            autoComplete="off"
            spellCheck={false}
            maxLength={16}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        {confirm.error && <ErrorNote title="It was not confirmed." error={confirm.error} />}
        <div>
          <Button type="submit" kind="primary" stop={stop ?? reason ?? (confirm.isPending ? 'It is being told.' : undefined)}>
            Confirm kit {state.kitId}
          </Button>
        </div>
      </form>
    </Card>
  );
};
