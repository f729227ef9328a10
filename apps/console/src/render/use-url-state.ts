import { useLocation, useSearch } from 'wouter';

/** What a view was set to, kept in the address: Back undoes it, a copied address shows the same. */
export const useUrlState = (): readonly [
  URLSearchParams,
  (change: Readonly<Record<string, string | undefined>>, push?: boolean) => void,
] => {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const set = (change: Readonly<Record<string, string | undefined>>, push = false): void => {
    const next = new URLSearchParams(search);
    for (const [key, value] of Object.entries(change)) {
      if (value === undefined || value === '') next.delete(key);
      else next.set(key, value);
    }
    navigate(next.size > 0 ? `${path}?${next}` : path, { replace: !push });
  };
  return [new URLSearchParams(search), set];
};
