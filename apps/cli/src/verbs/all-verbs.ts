import { accessVerbs } from './access-verbs.ts';
import { backupVerbs } from './backup-verbs.ts';
import { upkeepVerbs } from './forget-verbs.ts';
import { hostVerbs } from './host-verbs.ts';
import { legacyVerbs } from './legacy-verbs.ts';
import { productVerbs } from './product-verbs.ts';
import { readVerbs } from './read-verbs.ts';
import { siteVerbs } from './site-verbs.ts';
import type { Verb } from './verb.ts';

/** Every verb of the command line, FortFail's own first. */
export const allVerbs: readonly Verb[] = [
  ...productVerbs,
  ...siteVerbs,
  ...hostVerbs,
  ...accessVerbs,
  ...legacyVerbs,
  ...backupVerbs,
  ...readVerbs,
  ...upkeepVerbs,
];

/** What the words before a space are called in `--help`. */
export const groupSummaries: Readonly<Record<string, string>> = {
  key: 'Manage keys (passwords) of a repository',
  plan: 'Plans: what is protected, when, and what is promised',
  point: 'Restore points',
  job: 'Jobs',
  drill: 'Drills: restores that prove a point',
  audit: 'The audit chain',
  kit: 'The recovery kit: one page that opens every backup',
  repo: 'Keys of repositories for other hosts',
  catalog: 'The catalog of a site on PostgreSQL',
  'agent owner': 'The owner that a host obeys',
  person: 'Persons and their roles',
  token: 'API tokens of programs',
  legacy: 'The first API: for clients of the earlier system',
  'legacy token': 'Tokens of the first API',
  'legacy secret': 'Registration secrets of the first API',
  alert: 'Alerts: what somebody should look after',
};
