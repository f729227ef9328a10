import type { KitState } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useRouteQuery } from '../../api/queries.ts';
import { serverClock } from '../../api/server-clock.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote, Skeleton } from '../../ui/states.tsx';
import type { NewKit } from './kit-maker.ts';
import { PutOnPaper } from './put-on-paper.tsx';
import { useKitMaker } from './use-kit-maker.ts';

const useMaking = (state: KitState, onMade: (kit: NewKit) => void) => {
  const maker = useKitMaker();
  const version = useRouteQuery('overview').data?.version;
  const repositories = useRouteQuery('listRepositories').data?.items;
  const make = useMutation({
    // The answer holds the secret: it goes to the page and is not kept here.
    gcTime: 0,
    mutationFn: async ({ text, isShared }: { readonly text: string; readonly isShared: boolean }): Promise<void> => {
      if (!maker.data) throw new Error('The part that makes kits is not loaded.');
      const { admins } = maker.data.readAdminKeys(text);
      const stores = (repositories ?? []).map(({ name, location }) => ({ name, kind: location.split(':')[0] ?? 'local', place: location }));
      onMade(await maker.data.makeKit({ state, admins, version: version ?? '', stores, now: new Date(serverClock.now()), isShared }));
    },
  });
  return { maker, make, isReady: version !== undefined && repositories !== undefined };
};

const KitForm = ({ state, onMade }: { readonly state: KitState; readonly onMade: (kit: NewKit) => void }) => {
  const [text, setText] = useState('');
  const [isShared, setShared] = useState(false);
  const { maker, make, isReady } = useMaking(state, onMade);
  if (maker.error)
    return <ErrorNote title="What makes kits could not be loaded." error={maker.error} onRetry={() => void maker.refetch()} />;
  if (!maker.data) return <Skeleton rows={4} />;
  const { admins, faults } = maker.data.readAdminKeys(text);
  const stop = faults[0] ?? (isReady ? undefined : 'What goes on the page is still being read.');
  return (
    <form
      className="col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (stop === undefined && !make.isPending) make.mutate({ text, isShared });
      }}
    >
      <p className="sec">
        A key is made in this tab. It opens every backup, and it decides who may command your hosts. It is shown once, to be printed; only
        its public halves are sent.
      </p>
      <div className="fld">
        <label htmlFor="kit-admins">Public SSH keys of those who may approve, one on each line</label>
        <textarea
          id="kit-admins"
          className="inp mono area"
          rows={4}
          spellCheck={false}
          autoComplete="off"
          aria-invalid={faults.length > 0}
          aria-describedby="kit-admins-hint"
          placeholder="ssh-ed25519 AAAA… mara@laptop"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <div id="kit-admins-hint" className="hint">
          {faults.map((fault) => (
            <p key={fault} className="lost">
              {fault}
            </p>
          ))}
          {faults.length === 0 &&
            (admins.length === 0
              ? 'Without any, consent is given on each host itself. As in ~/.ssh/id_ed25519.pub; passkeys cannot be named from here.'
              : `${admins.map(({ name }) => name).join(', ')} may plan, approve, grant and enrol.`)}
        </div>
      </div>
      <label className="row">
        <input type="checkbox" checked={isShared} onChange={(event) => setShared(event.target.checked)} />
        Split it into three shares, of which any two open it
      </label>
      {make.error && <ErrorNote title="No kit was made." error={make.error} />}
      <div>
        <Button type="submit" kind="primary" stop={stop ?? (make.isPending ? 'It is being made.' : undefined)}>
          Make the kit
        </Button>
      </div>
    </form>
  );
};

interface CreateKitProps {
  readonly state: KitState;
  readonly onClose: () => void;
}

/** From nothing to a confirmed kit: the key is made here, put on paper, and its public halves are published at the end. */
export const CreateKit = ({ state, onClose }: CreateKitProps) => {
  const [kit, setKit] = useState<NewKit>();
  if (kit) return <PutOnPaper kit={kit} onClose={onClose} />;
  return (
    <Card
      title="Make the recovery kit"
      note="in this tab"
      action={
        <Button small kind="ghost" onClick={onClose}>
          Close
        </Button>
      }
    >
      <KitForm state={state} onMade={setKit} />
    </Card>
  );
};
