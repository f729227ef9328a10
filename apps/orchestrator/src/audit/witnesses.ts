import { isFortFailError } from '@fortfail/base';
import { type AuditHead, type AuditWitness, witnessHeads } from '@fortfail/protocol';
import { headText, namespaces, parseSshPublicKey, type SshPublicKey, verifySshSignature } from '@fortfail/trust';
import { raiseAlert } from '../alerts/alerts.ts';
import type { Change } from '../changes/changes.ts';
import type { Reader } from '../database/database.ts';
import type { Services } from '../services.ts';
import { type Chain, chains } from './audit-record.ts';

const headsAsked = 1000;
const askedAtOnce = 8;

interface WitnessedAgent {
  readonly id: string;
  readonly hostname: string;
}

type Needs = Pick<Services, 'database' | 'hub' | 'site'>;

/**
 * Asks every agent for the signed heads it keeps and holds each against the chain here. An edit, a cut, a fork and a
 * rewrite are all told by a head that our own key signed and that the chain no longer agrees with.
 */
export async function askWitnesses(services: Needs): Promise<AuditWitness[]> {
  const agents = await services.database.read
    .selectFrom('agent')
    .select(['id', 'hostname'])
    .where('kind', '!=', 'legacy')
    .where('status', '!=', 'revoked')
    .orderBy('hostname')
    .execute();
  const keys = await evidenceKeys(services.database.read);
  const found: AuditWitness[] = [];
  for (let at = 0; at < agents.length; at += askedAtOnce) {
    const some = agents.slice(at, at + askedAtOnce);
    found.push(...(await Promise.all(some.map((agent) => askWitness(services, agent, keys)))));
  }
  return found;
}

async function evidenceKeys(reader: Reader): Promise<SshPublicKey[]> {
  const rows = await reader.selectFrom('signer').select('line').where('kind', '=', 'evidence').execute();
  return rows.map(({ line }) => parseSshPublicKey(line));
}

async function askWitness(services: Needs, agent: WitnessedAgent, keys: readonly SshPublicKey[]): Promise<AuditWitness> {
  const base = { agentId: agent.id, hostname: agent.hostname };
  const silent = { ...base, seq: null, seenAt: null, verdict: 'silent' as const };
  const heads: AuditHead[] = [];
  try {
    for (const chain of chains) {
      const answer = witnessHeads.safeParse(await services.hub.ask(agent.id, { method: 'witness', chain, limit: headsAsked }));
      if (!answer.success) return { ...silent, sentence: 'Its answer was not understood.' };
      heads.push(...answer.data.heads);
    }
  } catch (error) {
    if (isFortFailError(error, 'bug')) throw error;
    return { ...silent, sentence: 'It did not answer; start its agent and ask again.' };
  }
  if (heads.length === 0) return { ...silent, sentence: 'It keeps no head yet; one is sent every minute in which the chain moved.' };
  return { ...base, ...(await judge(services, heads, keys)) };
}

type Judgement = Pick<AuditWitness, 'seq' | 'seenAt' | 'verdict' | 'sentence'>;

/** The first disagreement, by chain and number; else how far the witness' knowledge goes. */
async function judge(services: Needs, heads: readonly AuditHead[], keys: readonly SshPublicKey[]): Promise<Judgement> {
  const { read } = services.database;
  const own = heads.filter((head) => isSignedByUs(head, services.site.id, keys));
  for (const chain of chains) {
    for (const head of own.filter((one) => one.chain === chain).sort((a, b) => a.seq - b.seq)) {
      const difference = await contradiction(read, chain, head);
      if (difference !== undefined) return { seq: head.seq, seenAt: head.made, ...difference };
    }
  }
  const newest = own.filter((head) => head.chain === 'main').sort((a, b) => b.seq - a.seq)[0];
  if (newest === undefined) return { seq: null, seenAt: null, verdict: 'behind', sentence: 'It keeps no head of the main chain yet.' };
  const now = await read.selectFrom('audit_head').select('seq').where('chain', '=', 'main').executeTakeFirst();
  const missing = (now?.seq ?? 0) - newest.seq;
  return {
    seq: newest.seq,
    seenAt: newest.made,
    verdict: missing > 0 ? 'behind' : 'agrees',
    sentence:
      missing > 0
        ? `It agrees up to record ${newest.seq}; ${missing} newer ones are not witnessed yet.`
        : `It agrees up to record ${newest.seq}, the last one.`,
  };
}

async function contradiction(reader: Reader, chain: Chain, head: AuditHead): Promise<Pick<Judgement, 'verdict' | 'sentence'> | undefined> {
  const row = await reader.selectFrom('audit').select('hash').where('chain', '=', chain).where('seq', '=', head.seq).executeTakeFirst();
  if (row === undefined) {
    const sentence = `Chain ${chain} was cut or put back: it was signed as far as record ${head.seq} at ${head.made}, which is gone here.`;
    return { verdict: 'ahead', sentence };
  }
  if (row.hash === head.hash) return undefined;
  const sentence = `Chain ${chain} was rewritten at or before record ${head.seq}: the witness keeps another head, signed at ${head.made}.`;
  return { verdict: 'differs', sentence };
}

/** What a witness shows must be our own signed word, or any agent could accuse the site of anything. */
function isSignedByUs(head: AuditHead, site: string, keys: readonly SshPublicKey[]): boolean {
  const { chain, seq, hash, made, signed } = head;
  if (signed.text !== headText({ chain, seq, hash, made, site })) return false;
  try {
    const bytes = new TextEncoder().encode(signed.text);
    verifySshSignature({ bytes, signature: signed.signature, namespace: namespaces.auditHead, keys });
    return true;
  } catch (error) {
    if (isFortFailError(error, 'denied')) return false;
    throw error;
  }
}

/** What a witness says of a head that it was just sent. */
export interface WitnessWord {
  readonly chain: string;
  readonly headSeq: number;
  readonly hash: string;
  readonly seenAt: string;
  readonly verdict: 'agrees' | 'differs';
}

/** Takes in a witness' word; one that contradicts is put on record and raises an alert. */
export async function recordWitness(change: Change, agentId: string, word: WitnessWord): Promise<void> {
  const row = { agent_id: agentId, chain: word.chain, seq: word.headSeq, hash: word.hash, seen_at: word.seenAt, verdict: word.verdict };
  await change.tx
    .insertInto('witness')
    .values(row)
    .onConflict((conflict) => conflict.columns(['agent_id', 'chain']).doUpdateSet(row))
    .execute();
  if (word.verdict === 'agrees') return change.nothing();
  change.audit({
    action: 'witness.differ',
    object: { kind: 'agent', id: agentId },
    detail: { chain: word.chain, seq: word.headSeq },
    outcome: 'failed',
  });
  await raiseAlert(change, {
    kind: 'witness-differs',
    severity: 'broken',
    object: { kind: 'agent', id: agentId },
    sentence: `An agent keeps another head of audit chain ${word.chain} at record ${word.headSeq} than this site signed now. Run \`fortfail audit verify --witnesses\`.`,
  });
}
