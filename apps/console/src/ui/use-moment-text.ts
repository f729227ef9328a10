import { useZone } from '../api/preferences.ts';
import { useNow } from '../api/server-clock.ts';
import { momentText } from '../format/moment.ts';

/** Moments (RFC 3339) as words within a sentence, in the shown zone. */
export const useMomentText = (): ((at: string) => string) => {
  const zone = useZone();
  const now = useNow(3600);
  return (at) => momentText(Date.parse(at), zone, now);
};
