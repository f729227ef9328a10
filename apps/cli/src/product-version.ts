import { readFileSync } from 'node:fs';

/** FortFail's version, from the package file that lies above the parts in a clone and in an installed package alike. */
export function productVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { readonly version?: unknown }).version);
}
