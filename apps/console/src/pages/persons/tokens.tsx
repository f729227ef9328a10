import type { ApiToken } from '@fortfail/protocol';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { pagedQuery, queryClient } from '../../api/queries.ts';
import { toast } from '../../api/toasts.ts';
import { tellNotDone } from '../../api/verbs.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer, ErrorNote } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';
import { distinctGrants, type Grant, grantsText } from '../../view/person-views.ts';
import { visibleText } from '../../view/visible-text.ts';
import { GrantsEditor, useScopeNames } from './grants-editor.tsx';
import { ShownOnceDialog } from './shown-once.tsx';

const readAgain = () => void queryClient.invalidateQueries({ queryKey: ['listTokens'] });

const NewToken = ({ onClose }: { readonly onClose: () => void }) => {
  const [name, setName] = useState('');
  const [days, setDays] = useState(90);
  const [grants, setGrants] = useState<readonly Grant[]>([{ role: 'viewer', scope: 'site' }]);
  const [made, setMade] = useState<{ readonly token: ApiToken; readonly secret: string }>();
  const make = useMutation({
    gcTime: 0,
    mutationFn: async () => setMade(await call('createToken', { body: { name: name.trim(), days, grants: distinctGrants(grants) } })),
    onSuccess: readAgain,
  });
  if (made)
    return (
      <ShownOnceDialog
        title={`Token ${made.token.name} is made`}
        onClose={onClose}
        text={made.secret}
        of="the secret"
        until={made.token.expiresAt}
      >
        Put it where the program reads it, as a Bearer token.
      </ShownOnceDialog>
    );
  const stop = name.trim() === '' ? 'Give it a name first.' : !(days >= 1 && days <= 400) ? 'It lasts 1 to 400 days.' : undefined;
  return (
    <Dialog title="Make an API token" onClose={onClose} className="wide">
      <form
        className="col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (stop === undefined && !make.isPending) make.mutate();
        }}
      >
        <div className="row wrap gap-4">
          <div className="fld">
            <label htmlFor="token-name">Name</label>
            <input
              id="token-name"
              data-autofocus
              className="inp"
              autoComplete="off"
              maxLength={64}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </div>
          <div className="fld">
            <label htmlFor="token-days">Days</label>
            <input
              id="token-days"
              type="number"
              className="inp"
              min={1}
              max={400}
              value={Number.isNaN(days) ? '' : days}
              onChange={(event) => setDays(Math.trunc(event.target.valueAsNumber))}
            />
          </div>
        </div>
        <GrantsEditor grants={grants} onChange={setGrants} />
        <p className="xs sec">A token never reaches further than you do at the moment it is used, and gives nobody rights.</p>
        {make.error && <ErrorNote title="No token was made." error={make.error} />}
        <div className="row dlg-foot">
          <span className="sp" />
          <Button onClick={onClose}>Back</Button>
          <Button type="submit" kind="primary" stop={stop ?? (make.isPending ? 'It is being made.' : undefined)}>
            Make the token
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

const EndToken = ({ token, onClose }: { readonly token: ApiToken; readonly onClose: () => void }) => {
  const end = useMutation({
    mutationFn: () => call('deleteToken', { path: { tokenId: token.id } }),
    onSuccess: () => {
      toast({ tone: 'safe', title: `Token ${token.name} has ended` });
      readAgain();
    },
    onError: (error) => tellNotDone(`Token ${token.name} goes on`, error),
    onSettled: onClose,
  });
  return (
    <Dialog title={`End token ${token.name}?`} onClose={onClose} className="confirm">
      <p className="sec">Programs that use it are refused at once. It cannot be brought back.</p>
      <div className="row dlg-foot">
        <span className="sp" />
        <Button onClick={onClose} autoFocus>
          Keep it
        </Button>
        <Button kind="danger" stop={end.isPending ? 'It is being ended.' : undefined} onClick={() => end.mutate()}>
          End it
        </Button>
      </div>
    </Dialog>
  );
};

/** My own keys for programs. */
export const Tokens = () => {
  const names = useScopeNames();
  const query = useInfiniteQuery(pagedQuery('listTokens', { query: { limit: 50 } }));
  const tokens = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const [isMaking, setMaking] = useState(false);
  const [ending, setEnding] = useState<ApiToken>();
  return (
    <Card
      title="My API tokens"
      note="for programs that act for you"
      flush
      busy={query.isPending}
      action={
        <Button small onClick={() => setMaking(true)}>
          Make a token…
        </Button>
      }
    >
      <Answer query={query} failed="The tokens could not be read." works="They still count." rows={3}>
        {() =>
          tokens.length === 0 ? (
            <p className="in-pad sec">You have none.</p>
          ) : (
            <ul>
              {tokens.map((token) => (
                <li key={token.id} className="person">
                  <div className="col">
                    <b className="m">{visibleText(token.name)}</b>
                    <span className="xs sec">{grantsText(token.grants, names)}</span>
                  </div>
                  <div className="xs sec">
                    <div>
                      Until <Moment at={token.expiresAt} />
                    </div>
                    <div>Last used: {token.lastUsedAt === null ? 'never' : <Moment at={token.lastUsedAt} />}</div>
                  </div>
                  <Button small kind="danger" onClick={() => setEnding(token)}>
                    End…<span className="vh"> {token.name}</span>
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
      <ShowOlder query={query} label="Show older tokens" />
      {isMaking && <NewToken onClose={() => setMaking(false)} />}
      {ending && <EndToken token={ending} onClose={() => setEnding(undefined)} />}
    </Card>
  );
};
