import type { KitState } from '@fortfail/protocol';
import { Link } from 'wouter';
import { count } from '../../format/quantity.ts';
import { Card } from '../../ui/card.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { Status } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import { ownerCommand } from '../../view/kit-views.ts';
import { lastSerial } from '../../view/roster-document.ts';
import { visibleText } from '../../view/visible-text.ts';

const When = ({ at, none }: { readonly at: string | null; readonly none: string }) =>
  at === null ? <b className="m risk">{none}</b> : <Moment at={at} />;

const adminsOf = ({ roster }: KitState): string => {
  if (roster === null) return 'nobody';
  const { admins } = JSON.parse(roster.text) as { readonly admins?: readonly { readonly name?: unknown }[] };
  const names = (admins ?? []).map(({ name }) => visibleText(String(name)));
  return names.length === 0 ? 'nobody: consent is given on the hosts' : names.join(', ');
};

/** What the site knows of the kit: public halves. */
export const KitCard = ({ state }: { readonly state: KitState }) => (
  <Card title={`Kit ${state.kitId}`} note="the site knows its public halves only">
    <dl className="kv">
      <dt>Made</dt>
      <dd>
        <When at={state.createdAt} none="unknown" />
      </dd>
      <dt>Confirmed</dt>
      <dd>
        <When at={state.confirmedAt} none="not yet" />
      </dd>
      <dt>Tested</dt>
      <dd>
        <When at={state.testedAt} none="never: fortfail kit test" />
      </dd>
      <dt>Seals to</dt>
      <dd>
        <code>{state.recipient}</code>
      </dd>
      <dt>Owner</dt>
      <dd>
        <code>{state.ownerFingerprint}</code>
      </dd>
      <dt>Roster</dt>
      <dd>
        {count(lastSerial(state))}; may approve: {adminsOf(state)}
      </dd>
    </dl>
  </Card>
);

/** Where copies of each repository's password lie, sealed to the paper. */
export const EscrowCard = ({ state }: { readonly state: KitState }) => (
  <Card title="Repositories" note="whose password is sealed to the paper" flush>
    {state.repositories.length === 0 ? (
      <p className="in-pad sec">There is no repository yet.</p>
    ) : (
      <ul>
        {state.repositories.map((repository) => (
          <li key={repository.id} className="escrow">
            <div className="row wrap">
              <b className="m">{repository.name}</b>
              <Status tone={repository.escrowed ? (repository.places.length > 1 ? 'safe' : 'risk') : 'lost'}>
                {repository.escrowed ? (repository.places.length > 1 ? 'Sealed' : 'Sealed in one place only') : 'Not sealed'}
              </Status>
              <span className="sp" />
              {repository.at !== null && (
                <span className="xs dim">
                  <Moment at={repository.at} />
                </span>
              )}
            </div>
            <p className="xs sec">
              {repository.places.length > 0
                ? repository.places.map((place) => visibleText(place)).join(', ')
                : 'Its host seals it as soon as its policy names the recovery key.'}
            </p>
          </li>
        ))}
      </ul>
    )}
  </Card>
);

/** Hosts that do not name this owner yet, and what to type there. */
export const OwnerCard = ({ state }: { readonly state: KitState }) => {
  const others = state.agents.filter(({ hasOwner }) => !hasOwner);
  const own = state.agents.length - others.length;
  if (state.recipient === null || state.owner === null) return null;
  return (
    <Card title="Hosts that name this owner" note={`${own} of ${state.agents.length}`}>
      {others.length === 0 ? (
        <p className="sec">Every host obeys the owner of this kit, also against the orchestrator.</p>
      ) : (
        <div className="col gap-3">
          <p className="sec">
            {others.map(({ id, hostname }, index) => (
              <span key={id}>
                {index > 0 && ', '}
                <Link className="lk" href={`/agents/${id}`}>
                  {visibleText(hostname)}
                </Link>
              </span>
            ))}{' '}
            {others.length === 1 ? 'does' : 'do'} not yet. Type this there; nobody can do it over the link.
          </p>
          <CopyText text={ownerCommand(state.recipient, state.owner)} of="the command" />
        </div>
      )}
    </Card>
  );
};
