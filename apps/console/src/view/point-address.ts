import { withFragment } from './fragment.ts';

/** The folder that a path lies in. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

/** Where to look at a folder of a point, or at one entry of it. Names go into the fragment, which is never sent. */
export const filesAddress = (
  pointId: string,
  values: { readonly at?: string | undefined; readonly file?: string | undefined } = {},
): string =>
  withFragment(`/points/${pointId}/files`, {
    at: values.at ?? (values.file === undefined ? undefined : folderOf(values.file)),
    file: values.file,
  });

/** Where to search the points of a plan for names that contain a text. */
export const searchAddress = (planId: string, text: string): string =>
  withFragment(`/points?plan=${encodeURIComponent(planId)}`, { q: text });

/** Where two points are compared, the older one first. */
export const compareAddress = (olderId: string, newerId: string, at?: string): string =>
  withFragment(`/points/${olderId}...${newerId}`, { at });

/** Where a restore of chosen paths of a point begins. */
export const restoreAddress = (pointId: string, picks: readonly string[] = [], at?: string): string =>
  withFragment(`/restores/new?point=${pointId}`, { at, pick: picks });

/** The two points that an address of a comparison names; undefined when it names none. */
export const comparedPoints = (pair: string): { readonly older: string; readonly newer: string } | undefined => {
  const [, older, newer] = /^(rpt_[0-9a-f]{16})\.\.\.(rpt_[0-9a-f]{16})$/.exec(pair) ?? [];
  return older !== undefined && newer !== undefined ? { older, newer } : undefined;
};

/** The folder a point is opened at: what was protected, when that is one folder. */
export const startFolder = ({ paths, kind }: { readonly paths: readonly string[]; readonly kind: string }): string =>
  kind === 'files' && paths.length === 1 ? (paths[0] ?? '/') : '/';
