import { resolve } from 'node:path';
import { type ErrorKind, errorKinds } from '@fortfail/base';
import { dataFolder, typedIn } from '../client/data-folder.ts';
import { runTool } from '../client/run-tool.ts';
import { exitOk } from '../exit.ts';
import type { catalogImportOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const damaged: ErrorKind = 'damaged';

interface Imported {
  readonly whole: boolean;
  readonly rows: number;
  readonly tables: number;
}

/** `catalog import`: the way back of a catalog that was in PostgreSQL. Exit 25 when the audit chain in it is broken. */
export const perform: Perform<typeof catalogImportOptions> = async ({ args, options, context }) => {
  const folder = resolve(typedIn(context.env), args[0] ?? '');
  const found = (await runTool('catalog-import', [folder], dataFolder(options.data, context.env), context)) as Imported;
  const verdict = found.whole ? 'its audit chain is whole' : 'its audit chain is BROKEN: fortfail audit verify says where';
  context.stdout.write(options.json ? `${JSON.stringify(found)}\n` : `imported ${found.rows} rows of ${found.tables} tables; ${verdict}\n`);
  return found.whole ? exitOk : errorKinds[damaged].exit;
};
