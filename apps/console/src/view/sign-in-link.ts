/** The one-time secret from the fragment of an address (`#link=…`); undefined when there is none. */
export const takeLink = (hash: string): string | undefined => new URLSearchParams(hash.replace(/^#/, '')).get('link') ?? undefined;

/** Where to go after signing in: a path of this console and nothing else, so that no link can lead away. */
export const wayBack = (search: string): string => {
  const to = new URLSearchParams(search).get('to');
  if (!to || !/^\/(?![/\\])/.test(to) || to.startsWith('/sign-in')) return '/';
  return to;
};
