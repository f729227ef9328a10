import { FortFailError } from '@fortfail/base';
import type { Agent, Repository, RepositoryGrant, SignedText } from '@fortfail/protocol';
import { cardText, grantOrderText, namespaces, textDigest } from '@fortfail/trust';
import { askYes } from '../approve/ask-yes.ts';
import { signingKeyFile, signText } from '../approve/sign-text.ts';
import { type ClientCall, clientCall } from '../client/client-call.ts';
import type { CommandContext } from '../command-context.ts';
import { exitOk, exitPartial } from '../exit.ts';
import { printable } from '../render/format.ts';
import type { repoGrantOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const dayMs = 86_400_000;
const cardDays = 365;
const pollMs = 500;
const longestMs = 120_000;

interface Both {
  readonly repository: Repository;
  readonly agent: Agent;
}

/**
 * `repo grant`: a key slot of a repository for another host. With a key of the roster the other host's card and the order are
 * signed here, after its six words were compared; without one, somebody consents on the host whose repository it is.
 */
export const perform: Perform<typeof repoGrantOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const both = await findBoth(call, args[0] ?? '', options.to ?? '');
  const { agent, repository } = both;
  const words = agent.words?.join(' ') ?? 'none';
  const what = `Give ${printable(agent.hostname)} (${agent.id}) a key of ${repository.name}: it can then read all of it, for good.`;
  context.stderr.write(`${what}\nIts six words, which \`fortfail agent show\` prints there as well: ${words}\n`);
  await askYes('Are they the same?', options.yes, context);
  const signed = options.unsigned ? { card: null, order: null } : await sign(call, both, options.key, context);
  const body = { repositoryId: repository.id, toAgentId: agent.id, ...signed };
  const asked = await call.client.ask('createGrant', { body, signal: call.signal });
  const grant = options.wait ? await follow(call, asked, context) : asked;
  call.print(grant, () => `${grant.id} ${grant.status}: ${grant.sentence}\n`);
  return grant.status === 'accepted' || !options.wait ? exitOk : exitPartial;
};

async function findBoth({ client, signal }: ClientCall, repositoryName: string, to: string): Promise<Both> {
  const repositories = (await client.ask('listRepositories', { query: { limit: 200 }, signal })).items;
  const repository = repositories.find(({ id, name }) => id === repositoryName || name === repositoryName);
  if (repository === undefined)
    throw missing(
      'repository',
      repositoryName,
      repositories.map(({ name }) => name),
    );
  const agents = (await client.ask('listAgents', { query: { limit: 200 }, signal })).items;
  const found = agents.filter(({ id, hostname }) => id === to || hostname === to);
  const [agent] = found;
  if (agent === undefined || found.length > 1)
    throw missing(
      'agent',
      to,
      agents.map(({ id, hostname }) => `${hostname} (${id})`),
    );
  return { repository, agent };
}

function missing(what: string, name: string, there: readonly string[]): FortFailError {
  return new FortFailError({
    kind: 'not-found',
    code: `no-such-${what}`,
    message: `unable to find one ${what} '${name}'`,
    hint: there.length === 0 ? 'There are none yet.' : `There are: ${there.join(', ')}.`,
  });
}

async function sign(
  call: ClientCall,
  { agent, repository }: Both,
  key: string | undefined,
  context: CommandContext,
): Promise<{ card: SignedText; order: SignedText }> {
  const { site } = await call.client.ask('getKit', { signal: call.signal });
  const { identity, sealing, signing } = agent;
  if (identity === null || sealing === null || signing === null) {
    throw new FortFailError({
      kind: 'conflict',
      code: 'grant-no-keys',
      message: `unable to sign a card for '${agent.hostname}', it has no keys yet`,
    });
  }
  const file = await signingKeyFile(key, context);
  const now = context.clock.now().getTime();
  const at = (days: number): string => new Date(now + days * dayMs).toISOString();
  const card = cardText({
    v: 1,
    site: site.id,
    agent: agent.id,
    identity_jkt: identity,
    sealing,
    signing,
    kind: 'agent',
    not_after: at(cardDays),
  });
  const order = grantOrderText({
    v: 1,
    site: site.id,
    action: 'grant',
    repository: repository.id,
    from: repository.agentId,
    to: agent.id,
    card: textDigest(card),
    made: at(0),
    until: at(1),
  });
  return {
    card: { text: card, signature: await signText(card, namespaces.card, file, call.signal) },
    order: { text: order, signature: await signText(order, namespaces.grant, file, call.signal) },
  };
}

async function follow({ client, signal }: ClientCall, grant: RepositoryGrant, { clock }: CommandContext): Promise<RepositoryGrant> {
  const until = clock.monotonicMs() + longestMs;
  let seen = grant;
  while (clock.monotonicMs() < until) {
    await clock.sleep(pollMs, signal);
    const { items } = await client.ask('listGrants', { query: { limit: 200 }, signal });
    seen = items.find(({ id }) => id === grant.id) ?? seen;
    if (seen.status === 'accepted' || seen.status === 'refused' || seen.sentence !== grant.sentence) {
      if (seen.status !== 'sealed') return seen;
    }
  }
  return seen;
}
