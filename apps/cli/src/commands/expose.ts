import { FortFailError } from '@fortfail/base';
import type { Exposure } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { writeJoin } from '../client/join-text.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, printable } from '../render/format.ts';
import type { exposeOptions } from '../verbs/site-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `expose`: opens the TLS door for other hosts and prints the line that brings one in; without a name, tells how things are. */
export const perform: Perform<typeof exposeOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const { client, signal, print } = call;
  const { name: names, host, port } = options;
  if (names.length === 0) {
    if (host !== undefined || port !== undefined) throw nameless();
    const exposure = await client.ask('getExposure', { signal });
    print(exposure, () => exposureText(exposure));
    return exitOk;
  }
  const body = { names: [...names], host: host ?? null, ...(port === undefined ? {} : { port }) };
  const exposure = await client.ask('expose', { body, signal });
  const join = await client.ask('createJoinString', { body: {}, signal });
  if (options.json) {
    print({ ...exposure, join }, () => '');
    return exitOk;
  }
  context.stderr.write(exposureText(exposure));
  writeJoin(join, context);
  return exitOk;
};

function exposureText({ url, names, authority, certificateUntil }: Exposure): string {
  if (url === null) return 'Other hosts cannot reach this site. To let them: fortfail expose --name HOST\n';
  const until = certificateUntil === null ? [] : [`Certificate until ${formatLocalTime(new Date(certificateUntil))}, renewed by itself.`];
  const also = names.length > 1 ? [`Also known as ${names.slice(1).map(printable).join(', ')}.`] : [];
  return `${[`Other hosts reach this site at ${printable(url)}.`, ...also, `Authority ${authority ?? 'none'}.`, ...until].join('\n')}\n`;
}

function nameless(): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'usage',
    message: 'unable to expose this site without a name',
    hint: 'Give --name with a name or address that other hosts reach this machine by.',
  });
}
