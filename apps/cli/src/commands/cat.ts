import { createHash } from 'node:crypto';
import { FortFailError } from '@fortfail/base';
import { findFolder } from '@fortfail/engine';
import type { Repository } from '@fortfail/repository';
import { exitOk } from '../exit.ts';
import { openFor } from '../repository/open-repository.ts';
import { pickSnapshot, splitSelector } from '../repository/pick-snapshots.ts';
import type { catOptions } from '../verbs/read-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const types = ['config', 'index', 'snapshot', 'key', 'masterkey', 'lock', 'pack', 'blob', 'tree'] as const;
type CatType = (typeof types)[number];

function usage(message: string, hint?: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint });
}

function typeOf(args: readonly string[]): CatType {
  const [word] = args;
  if (word === undefined) throw usage('type not specified', `Give one of ${types.join(', ')}.`);
  const type = types.find((known) => known === word);
  if (type === undefined) throw usage(`invalid type '${word}'`, `Give one of ${types.join(', ')}.`);
  if (type !== 'config' && type !== 'masterkey' && args[1] === undefined)
    throw usage('ID not specified', `Give the ID of the ${type} to print.`);
  return type;
}

function wholeId(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw usage(`unable to parse ID '${text}'`, 'Give all 64 hexadecimal digits.');
}

/** JSON as restic prints documents here: two spaces, in the stored order. */
const pretty = (document: Uint8Array | object): string =>
  `${JSON.stringify(document instanceof Uint8Array ? JSON.parse(Buffer.from(document).toString()) : document, null, 2)}\n`;

async function blobBytes(repository: Repository, text: string): Promise<Buffer> {
  const id = wholeId(text);
  await repository.loadIndex();
  for (const type of ['data', 'tree'] as const) {
    if (repository.index.find(type, Buffer.from(id, 'hex')) !== undefined) return await repository.loadBlob(type, id);
  }
  throw new FortFailError({ kind: 'not-found', code: 'blob', message: `unable to find blob '${id}'` });
}

async function treeBytes(repository: Repository, selector: string): Promise<Buffer> {
  const { id, folder } = splitSelector(selector);
  const snapshot = await pickSnapshot(repository, id, {});
  await repository.loadIndex();
  const tree = folder === undefined ? snapshot.tree : await findFolder(repository, snapshot.tree, folder);
  return await repository.loadBlob('tree', tree);
}

/** A pack as it lies there; a damaged one is printed all the same, as that is what one looks at it for. */
async function packBytes(repository: Repository, text: string, warn: (sentence: string) => void): Promise<Uint8Array> {
  const id = wholeId(text);
  const bytes = await repository.backend.get({ type: 'pack', name: id });
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== id) warn(`warning: pack ${id} is damaged, its bytes have the hash ${found}`);
  return bytes;
}

async function content(repository: Repository, type: CatType, id: string, warn: (sentence: string) => void): Promise<string | Uint8Array> {
  switch (type) {
    case 'config':
      return pretty(await repository.loadRaw('config', ''));
    case 'masterkey': {
      const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
      const { encrypt, macK, macR } = repository.key;
      return pretty({ mac: { k: base64(macK), r: base64(macR) }, encrypt: base64(encrypt) });
    }
    case 'key':
      return pretty(await repository.backend.get({ type: 'key', name: wholeId(id) }));
    case 'snapshot':
      return pretty((await pickSnapshot(repository, id, {})).document);
    case 'index':
      return Buffer.concat([await repository.loadRaw('index', wholeId(id)), Buffer.from('\n')]);
    case 'lock':
      return pretty(await repository.loadRaw('lock', wholeId(id)));
    case 'pack':
      return await packBytes(repository, id, warn);
    case 'blob':
      return await blobBytes(repository, id);
    case 'tree':
      return await treeBytes(repository, id);
  }
}

/** `cat`: what is stored, decrypted; documents as JSON, packs and blobs as they are. */
export const perform: Perform<typeof catOptions> = async ({ globals, args, context }) => {
  const type = typeOf(args);
  await using repository = await openFor(globals, context);
  await using _session = await repository.beginReader({ signal: context.signal });
  const printed = await content(repository, type, args[1] ?? '', (sentence) => void context.stderr.write(`${sentence}\n`));
  context.stdout.write(printed);
  return exitOk;
};
