import { useZone } from '../api/preferences.ts';
import { useNow } from '../api/server-clock.ts';
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

/** Whole seconds since a moment, by the server's clock, counting. */
export const useAge = (at: string): number => {
  const since = Date.parse(at);
  const isYoung = useNow(60) - since < 660_000;
  return Math.max(0, Math.floor((useNow(isYoung ? 1 : 60) - since) / 1000));
};

/** How long ago, counting. */
export const Age = ({ at }: { readonly at: string }) => <span className="nw">{duration(useAge(at))}</span>;

/** How long until, counting: `in 19 m`; `now` once it is due. */
export const Until = ({ at }: { readonly at: string }) => {
  const due = Date.parse(at);
  const isNear = due - useNow(60) < 660_000;
  const seconds = Math.ceil((due - useNow(isNear ? 1 : 60)) / 1000);
  return <span className="nw">{seconds > 0 ? `in ${duration(seconds)}` : 'now'}</span>;
};
