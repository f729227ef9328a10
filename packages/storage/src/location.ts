import { resolve } from 'node:path';
import { FortFailError } from '@fortfail/base';
import type { Location } from './backend.ts';

/**
 * Reads a store's address: a folder (`/x`, `./x`, `x`) or `local:` and a folder; a relative one is made absolute.
 * Throws `invalid-input` for any other scheme, so that `s3:...` never becomes a folder of that name.
 */
export function parseLocation(text: string): Location {
  if (text.includes('\0')) throw invalidLocation(text.replaceAll('\0', '\\0'), 'A path must not contain NUL.');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(text)?.[1];
  if (scheme !== undefined && scheme !== 'local') {
    throw invalidLocation(text, `'${scheme}:' is not supported yet. Give a folder; one whose name has a colon as './${text}'.`);
  }
  const path = scheme === 'local' ? text.slice('local:'.length) : text;
  if (path === '') throw invalidLocation(text, 'Give a folder, for example /srv/backups/main.');
  return { kind: 'local', path: resolve(path) };
}

/** The address as people write it; `parseLocation` reads it back for every kind that can be typed. */
export function formatLocation(location: Location): string {
  return location.kind === 'local' ? location.path : `${location.kind}:${location.path}`;
}

function invalidLocation(text: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'location', message: `invalid location '${text}'`, hint });
}
