import type { Alert } from '@fortfail/protocol';
import { duration } from '../../format/duration.ts';
import { ObjectLink } from '../../ui/object-link.tsx';
import { Glyph } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import { splitSentence } from '../../view/need.ts';
import { visibleText } from '../../view/visible-text.ts';

const openFor = ({ openedAt, endedAt }: Alert): string =>
  duration(Math.max(0, Math.floor((Date.parse(endedAt ?? openedAt) - Date.parse(openedAt)) / 1000)));

/** What was wrong once and is over. */
export const EndedAlerts = ({ alerts }: { readonly alerts: readonly Alert[] }) => (
  <ul>
    {alerts.map((alert) => (
      <li key={alert.id} className="alert-card ended">
        <span className="alert-what">
          <Glyph tone="stopped" />
          <span>{splitSentence(visibleText(alert.sentence)).first}</span>
        </span>
        <div className="row wrap xs sec">
          <ObjectLink object={alert.object} />
          <span>open for {openFor(alert)}</span>
          {alert.endedAt && (
            <span>
              ended <Moment at={alert.endedAt} />
            </span>
          )}
          {alert.acknowledgedBy !== null && <span>taken by {visibleText(alert.acknowledgedBy)}</span>}
        </div>
      </li>
    ))}
  </ul>
);
