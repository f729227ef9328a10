import { FortFailError } from '@fortfail/base';
import type { KitState } from '@fortfail/protocol';
import { type KitFacts, kitConfirmationHash, kitSections, kitText, splitShares } from '@fortfail/trust';
import { type ClientCall, clientCall } from '../client/client-call.ts';
import type { CommandContext } from '../command-context.ts';
import { exitOk } from '../exit.ts';
import { readAdminKeys } from '../kit/admin-keys.ts';
import { makeKit, type NewKit } from '../kit/make-kit.ts';
import { writeSecretFile } from '../kit/secret-output.ts';
import { ownerCommand, setLocalOwner } from '../kit/set-local-owner.ts';
import { productVersion } from '../product-version.ts';
import { kitPdf } from '../render/kit-pdf.ts';
import { readLine } from '../render/prompt.ts';
import type { Values } from '../verbs/option.ts';
import type { kitCreateOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

type Given = Values<typeof kitCreateOptions>;

/**
 * `kit create`: makes the recovery key here, puts it on paper or into a file, and publishes only its public halves. What holds
 * the secret is on the disk before anything is published, so that no host ever obeys an owner whose key is lost.
 */
export const perform: Perform<typeof kitCreateOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  refuseNowhere(options, context);
  const state = await call.client.ask('getKit', { signal: call.signal });
  if (state.state === 'confirmed') throw exists(state);
  const admins = await readAdminKeys(options.adminKey, context.env);
  const kit = makeKit(state, admins, context.clock.now());
  const pages = await pagesOf(call, state, kit, options, context);
  await writeOut(kit, state, pages, options, context);
  let published = await call.client.ask('createKit', { body: kit.draft, signal: call.signal });
  const local = await setLocalOwner(kit.draft, call.data, context);
  if (await isConfirmed(kit, options, context)) {
    const body = { recipient: kit.key.recipient, lastSix: kitConfirmationHash(kit.key.recipient, kit.key.lastSix()) };
    published = await call.client.ask('confirmKit', { body, signal: call.signal });
  }
  call.print(
    {
      kitId: kit.key.kitId,
      recipient: kit.key.recipient,
      owner: kit.draft.owner,
      state: published.state,
      keyFile: options.keyFile ?? null,
    },
    () =>
      [
        `Recovery kit ${kit.key.kitId} of ${state.site.name} is ${published.state}.`,
        `Admins in roster 1: ${admins.length === 0 ? 'none; consent is given on the hosts' : admins.map(({ name, file }) => `${name} (${file})`).join(', ')}`,
        local,
        'On every other host, since nobody can do it over the link:',
        `  ${ownerCommand({ owner: kit.draft.owner, recovery: kit.key.recipient })}`,
        ...(published.state === 'confirmed' ? [] : ['Read the page back: fortfail kit confirm']),
        '',
      ].join('\n'),
  );
  return exitOk;
};

function refuseNowhere(options: Given, context: CommandContext): void {
  if (options.keyFile !== undefined || options.text !== undefined || options.pdf !== undefined || context.stdout.isTTY === true) return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'kit-nowhere',
    message: 'unable to show a recovery key to a pipe',
    hint: 'Use a terminal, or --text, --pdf or --key-file.',
  });
}

function exists(state: KitState): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'kit-exists',
    message: `unable to make a second recovery kit, kit ${state.kitId} is in force`,
    hint: 'Every host obeys the owner key of that kit. Test it with `fortfail kit test`.',
  });
}

/** One page with the whole key, or one page for each holder of a share. */
async function pagesOf(call: ClientCall, state: KitState, { key }: NewKit, options: Given, context: CommandContext): Promise<KitFacts[]> {
  const { items } = await call.client.ask('listRepositories', { query: { limit: 200 }, signal: call.signal });
  const facts: Omit<KitFacts, 'secret'> = {
    version: productVersion(),
    site: state.site,
    made: context.clock.now(),
    kitId: key.kitId,
    recipient: key.recipient,
    ownerFingerprint: key.ownerKey().fingerprint,
    peers: [],
    stores: items.map(({ name, location }) => ({ name, kind: location.split(':')[0] ?? 'local', place: location })),
  };
  if (options.shares === undefined) return [{ ...facts, secret: { kind: 'key', key } }];
  const [k = 0, n = 0] = options.shares;
  const shares = await splitShares(key, k, n);
  return shares.map((text, index) => ({ ...facts, secret: { kind: 'share', text, k, n, position: index + 1 } }));
}

async function writeOut(kit: NewKit, state: KitState, pages: readonly KitFacts[], options: Given, context: CommandContext): Promise<void> {
  const { key, draft } = kit;
  if (options.keyFile !== undefined) {
    const remarks = [
      `# FortFail recovery kit ${key.kitId} of ${state.site.name}`,
      `# public key: ${key.recipient}`,
      `# owner: ${draft.owner}`,
    ];
    await writeSecretFile(options.keyFile, `${[...remarks, key.secret.reveal()].join('\n')}\n`);
  }
  for (const [index, page] of pages.entries()) {
    const suffix = pages.length === 1 ? '' : `.${index + 1}`;
    if (options.text !== undefined) await writeSecretFile(`${options.text}${suffix}`, kitText(page));
    if (options.pdf !== undefined) {
      const secret = page.secret.kind === 'key' ? key.secret.reveal() : page.secret.text;
      await writeSecretFile(`${options.pdf}${suffix}`, await kitPdf(`FortFail recovery kit ${key.kitId}`, kitSections(page), secret));
    }
    if (options.keyFile === undefined && options.text === undefined && options.pdf === undefined)
      context.stdout.write(`${kitText(page)}\n`);
  }
}

/** Whether whoever types has the page in hand: they read the end of the key back from it. */
async function isConfirmed({ key }: NewKit, options: Given, context: CommandContext): Promise<boolean> {
  if (options.yes) return true;
  // The pages of shares do not show the end of the key: `kit confirm` takes the shares themselves.
  if (context.stdin.isTTY !== true || options.shares !== undefined) return false;
  context.stderr.write('Print or copy the page. Last six characters of the recovery key, read from it (empty: later): ');
  const typed = (await readLine(context.stdin)).replaceAll(/[\s-]/g, '').toUpperCase();
  return typed !== '' && typed === key.lastSix();
}
