import type { PlanState } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useVerbStop } from '../../api/session.ts';
import { usePlanJob } from '../../api/verbs.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Glyph } from '../../ui/status.tsx';
import { verdictTone, verdictWord } from '../../ui/tone.ts';
import { type Need, needsOf } from '../../view/need.ts';

const MOST = 6;

const NeedVerb = ({ need: { state, verb }, first }: { readonly need: Need; readonly first: boolean }) => {
  const order = usePlanJob();
  const stop = useVerbStop(verb === 'drillPlan' ? 'drill' : 'run');
  const { id, name } = state.plan;
  const kind = first ? 'primary' : 'plain';
  if (verb === 'open' || verb === 'evidence') {
    const follows = state.runningJobId === null ? `/plans/${id}` : `/jobs/${state.runningJobId}`;
    return (
      <ButtonLink small kind={kind} href={verb === 'evidence' && state.lastDrill ? `/drills/${state.lastDrill.id}` : follows}>
        {verb === 'evidence' ? 'See the evidence' : state.runningJobId ? 'Follow' : 'Details'}
        <span className="vh"> ({name})</span>
      </ButtonLink>
    );
  }
  return (
    <Button
      small
      kind={kind}
      stop={order.isPending ? 'It is being ordered.' : stop}
      onClick={() => order.mutate({ verb, planId: id, planName: name })}
    >
      {verb === 'backUp' ? 'Back up now' : 'Drill now'}
      <span className="vh"> ({name})</span>
    </Button>
  );
};

/** The sentence with the plan's name made a link, wherever it stands in it. */
const Sentence = ({ need: { state, first } }: { readonly need: Need }) => {
  const { id, name } = state.plan;
  const at = first.indexOf(name);
  const link = (
    <Link className="b" href={`/plans/${id}`}>
      {name}
    </Link>
  );
  if (at < 0)
    return (
      <>
        {link}: {first}
      </>
    );
  return (
    <>
      {first.slice(0, at)}
      {link}
      {first.slice(at + name.length)}
    </>
  );
};

/** What somebody should look at, worst first, each with one verb. */
export const NeedsPerson = ({ plans }: { readonly plans: readonly PlanState[] }) => {
  const needs = needsOf(plans);
  return (
    <Card
      title="Needs a person now"
      note={needs.length > 0 ? `${needs.length}, worst first` : undefined}
      className="fill"
      flush
      footer={needs.length > MOST ? `${needs.length - MOST} more are in the table below.` : undefined}
    >
      {needs.length === 0 ? (
        <p className="in-pad sec">Nothing. Every promise is kept or held.</p>
      ) : (
        <ul className="todo">
          {needs.slice(0, MOST).map((need, index) => (
            <li key={need.state.plan.id}>
              <Glyph tone={verdictTone[need.state.verdict]} />
              <div className="note-body">
                <p className="todo-first">
                  <span className="vh">{verdictWord[need.state.verdict]}: </span>
                  <Sentence need={need} />
                </p>
                {need.rest && <p className="sec xs">{need.rest}</p>}
              </div>
              <NeedVerb need={need} first={index === 0} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
};
