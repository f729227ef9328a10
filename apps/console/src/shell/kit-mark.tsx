import { Link } from 'wouter';
import { useRouteQuery } from '../api/queries.ts';
import { Glyph } from '../ui/status.tsx';
import { kitWarning } from '../view/kit-views.ts';

/** Says in the bar of every page that there is no recovery kit, until one is confirmed. */
export const KitMark = () => {
  const warning = kitWarning(useRouteQuery('getKit').data?.state);
  if (warning === undefined) return null;
  return (
    <Link href="/kit" className="chip lost kit-mark" title={`${warning}. Make one, or confirm it.`}>
      <Glyph tone="lost" />
      <span>{warning}</span>
    </Link>
  );
};
