import type { Alert } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { call } from '../../api/call.ts';
import { queryClient } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { tellNotDone } from '../../api/verbs.ts';
import { count } from '../../format/quantity.ts';
import { useIsNarrow } from '../../render/use-media.ts';
import { Button } from '../../ui/button.tsx';
import { ObjectLink } from '../../ui/object-link.tsx';
import { Glyph } from '../../ui/status.tsx';
import { Age, Moment } from '../../ui/time.tsx';
import { alertTone, alertWord } from '../../view/alert-views.ts';
import { splitSentence } from '../../view/need.ts';
import { visibleText } from '../../view/visible-text.ts';

const What = ({ alert }: { readonly alert: Alert }) => {
  const { first, rest } = splitSentence(visibleText(alert.sentence));
  return (
    <span className="alert-what">
      <Glyph tone={alertTone[alert.severity]} />
      <span>
        <span className="vh">{alertWord[alert.severity]}: </span>
        <b className="m">{first}</b>
        {rest !== '' && <span className="sec under">{rest}</span>}
      </span>
    </span>
  );
};

const Since = ({ alert }: { readonly alert: Alert }) => (
  <>
    <Moment at={alert.openedAt} />
    <span className="xs dim under">
      {alert.count === 1 ? (
        <>
          for <Age at={alert.openedAt} />
        </>
      ) : (
        <>
          {count(alert.count)} times, last <Age at={alert.lastAt} /> ago
        </>
      )}
    </span>
  </>
);

/** Takes the alert: says that somebody looks after it. */
const TakeButton = ({ alert }: { readonly alert: Alert }) => {
  const stop = useVerbStop('acknowledge');
  const take = useMutation({
    mutationFn: () => call('acknowledgeAlert', { path: { alertId: alert.id } }),
    onSuccess: () => {
      for (const name of ['listAlerts', 'overview']) void queryClient.invalidateQueries({ queryKey: [name] });
    },
    onError: (error) => tellNotDone('The alert was not taken', error),
  });
  return (
    <Button small stop={stop ?? (take.isPending ? 'It is being told.' : undefined)} onClick={() => take.mutate()}>
      Take it<span className="vh"> {splitSentence(visibleText(alert.sentence)).first}</span>
    </Button>
  );
};

const Taken = ({ alert }: { readonly alert: Alert }) =>
  alert.acknowledgedAt === null ? (
    <span className="risk m">nobody</span>
  ) : (
    <>
      {visibleText(alert.acknowledgedBy ?? 'somebody')}{' '}
      <span className="sec">
        <Moment at={alert.acknowledgedAt} />
      </span>
    </>
  );

/** Open alerts as rows, as cards on a phone. */
export const OpenAlerts = ({ alerts }: { readonly alerts: readonly Alert[] }) => {
  const isNarrow = useIsNarrow();
  if (isNarrow)
    return (
      <ul>
        {alerts.map((alert) => (
          <li key={alert.id} className="alert-card">
            <What alert={alert} />
            <div className="sec xs">
              since <Since alert={alert} />
            </div>
            <div className="row wrap">
              <span className="xs">
                Taken by <Taken alert={alert} />
              </span>
              <span className="sp" />
              <ObjectLink object={alert.object} />
              {alert.acknowledgedAt === null && <TakeButton alert={alert} />}
            </div>
          </li>
        ))}
      </ul>
    );
  return (
    <div className="tw">
      <table className="t alert-table">
        <thead>
          <tr>
            <th scope="col">What is wrong, and what to do</th>
            <th scope="col">Since</th>
            <th scope="col">About</th>
            <th scope="col">Taken by</th>
            <th scope="col">
              <span className="vh">Verbs</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {alerts.map((alert) => (
            <tr key={alert.id}>
              <td className="wr">
                <What alert={alert} />
              </td>
              <td>
                <Since alert={alert} />
              </td>
              <td>
                <ObjectLink object={alert.object} />
              </td>
              <td>
                <Taken alert={alert} />
              </td>
              <td className="num">{alert.acknowledgedAt === null && <TakeButton alert={alert} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};
