import type { KitState } from '@fortfail/protocol';
import { useState } from 'react';
import { useRouteQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { Page } from '../../shell/page.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { ErrorNote, Note, Skeleton } from '../../ui/states.tsx';
import { Chip } from '../../ui/status.tsx';
import { kitTitle } from '../../view/kit-views.ts';
import { ConfirmKit } from './confirm-kit.tsx';
import { CreateKit } from './create-kit.tsx';
import { EscrowCard, KitCard, OwnerCard } from './kit-facts.tsx';
import './kit.css';

const tones = { none: 'lost', unconfirmed: 'risk', confirmed: 'safe' } as const;
const words = { none: 'None', unconfirmed: 'Not confirmed', confirmed: 'Confirmed' } as const;
const commands = { none: 'fortfail kit create', unconfirmed: 'fortfail kit confirm', confirmed: 'fortfail kit test' } as const;

const Kit = ({ state }: { readonly state: KitState }) => {
  const [isMaking, setMaking] = useState(false);
  const role = useVerbStop('edit-kit');
  const inForce = state.state === 'confirmed' ? `Kit ${state.kitId} is in force: every host obeys its owner.` : undefined;
  return (
    <>
      <div className="head noprint">
        <div>
          <div className="title">
            <h1>{kitTitle(state)}</h1>
            <Chip tone={tones[state.state]}>{words[state.state]}</Chip>
          </div>
          <p className="sub">
            The kit is one page of paper. With it and the repositories everything comes back, also when every machine is gone. Without it
            nobody can open a backup whose host is lost.
          </p>
        </div>
        <span className="sp" />
        <div className="verbs">
          {!isMaking && (
            <Button kind={state.state === 'none' ? 'primary' : 'plain'} stop={role ?? inForce} onClick={() => setMaking(true)}>
              {state.state === 'none' ? 'Make the kit…' : 'Make another…'}
            </Button>
          )}
        </div>
      </div>
      {isMaking ? (
        <CreateKit state={state} onClose={() => setMaking(false)} />
      ) : (
        <>
          {state.state === 'none' && (
            <Note tone="lost" title="Until there is one, the keys of the repositories lie on their hosts only.">
              <p className="sec">Hosts believe the orchestrator alone until their policy names an owner, whose key is on the page too.</p>
            </Note>
          )}
          {state.state === 'unconfirmed' && <ConfirmKit state={state} />}
          <div className="grid">
            <div className="c6 col gap-4">
              {state.kitId !== null && <KitCard state={state} />}
              <EscrowCard state={state} />
            </div>
            <div className="c6 col">
              <OwnerCard state={state} />
            </div>
          </div>
          <CommandLine command={commands[state.state]} />
        </>
      )}
    </>
  );
};

/** The recovery kit: whether there is one, what it opens, which hosts obey its owner; and how to make one here. */
export const KitPage = () => {
  const query = useRouteQuery('getKit');
  return (
    <Page title="Recovery kit" crumbs={[{ label: 'Recovery kit' }]}>
      {query.data ? (
        <Kit state={query.data} />
      ) : query.error !== null ? (
        <>
          <h1>The recovery kit could not be read</h1>
          <ErrorNote
            title="What the site knows of the kit could not be read."
            error={query.error}
            works="A paper that exists still opens everything."
            onRetry={() => void query.refetch()}
          />
        </>
      ) : (
        <>
          <h1 className="vh">Recovery kit</h1>
          <Card title="Kit" busy flush>
            <Skeleton rows={6} />
          </Card>
        </>
      )}
    </Page>
  );
};
