import { useZone } from '../api/preferences.ts';
import { useClock, useNow } from '../api/server-clock.ts';
import { duration } from '../format/duration.ts';
import { momentText } from '../format/moment.ts';

interface MomentProps {
  /** RFC 3339, as the API gives it. */
  readonly at: string;
  readonly seconds?: boolean;
}

/** A moment in the shown zone; hovering and copying give the exact one. */
export const Moment = ({ at, seconds = false }: MomentProps) => {
  const zone = useZone();
  const now = useNow(3600);
  return (
    <time dateTime={at} title={at} className="nw">
      {momentText(Date.parse(at), zone, now, seconds)}
    </time>
  );
};

/** Whole seconds, and whole minutes once seconds are no longer shown, so that nothing is drawn anew in between. */
const steady = (ms: number): number => {
  const seconds = Math.floor(ms / 1000);
  return seconds < 600 ? seconds : seconds - (seconds % 60);
};

/** Whole seconds since a moment, by the server's clock, counting. */
export const useAge = (at: string): number => {
  const since = Date.parse(at);
  return useClock((now) => steady(Math.max(0, now - since)));
};

/** How long ago, counting. */
export const Age = ({ at }: { readonly at: string }) => <span className="nw">{duration(useAge(at))}</span>;

/** How long until, counting: `in 19 m`; `now` once it is due. */
export const Until = ({ at }: { readonly at: string }) => {
  const due = Date.parse(at);
  const seconds = useClock((now) => steady(due - now));
  return <span className="nw">{seconds > 0 ? `in ${duration(seconds)}` : 'now'}</span>;
};
