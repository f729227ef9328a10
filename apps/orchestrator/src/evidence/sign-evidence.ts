import { createHash } from 'node:crypto';
import { isFortFailError } from '@fortfail/base';
import { type Drill, type DrillResult, runnerStatement, statementText } from '@fortfail/protocol';
import { namespaces, parseSshPublicKey, type SshPublicKey, verifySshSignature } from '@fortfail/trust';
import type { Change } from '../changes/changes.ts';
import type { EvidenceFileTable } from '../database/tables.ts';
import type { JobRow } from '../jobs/job-rows.ts';
import { siteSigner } from '../keys/signers.ts';
import type { SiteKeys } from '../keys/site-keys.ts';

/** What the site states about drills, and with which key. */
export interface EvidenceSigner {
  readonly site: string;
  readonly keys: Pick<SiteKeys, 'evidence'>;
}

/**
 * Keeps a drill's evidence as signed bytes: the runner's own statement when its signature holds and it says what was
 * reported, and the site's statement, which names the digest of the runner's and where the audit chain stood.
 */
export async function signEvidence(change: Change, signer: EvidenceSigner, job: JobRow, drill: Drill, result: DrillResult): Promise<void> {
  const runner = await runnerFile(change, job, drill, result);
  if (runner !== undefined) await change.tx.insertInto('evidence_file').values(runner).execute();
  const head = await change.tx.selectFrom('audit_head').select(['seq', 'hash']).where('chain', '=', 'main').executeTakeFirstOrThrow();
  const text = statementText({
    v: 1,
    site: signer.site,
    drill: drill.id,
    job: drill.jobId,
    restore_point: drill.restorePointId,
    plan: drill.planId,
    plan_name: drill.planName,
    snapshot: drill.snapshot,
    depth: 'full',
    outcome: drill.outcome,
    asserted: drill.asserted,
    not_tested: drill.notTested,
    files: drill.files,
    directories: drill.directories,
    bytes: drill.bytes,
    compared_bytes: drill.comparedBytes,
    compared_entries: drill.comparedEntries,
    differences: drill.differenceCount,
    rto_measured_s: drill.rtoSeconds,
    rto_promised_s: drill.promisedRtoSeconds,
    rpo_actual_s: drill.rpoSeconds,
    started: drill.startedAt,
    ended: drill.endedAt,
    runner: { agent: job.agent_id, host: drill.host, signed: runner === undefined ? null : sha256(runner.text) },
    tool_versions: drill.versions,
    audit: { seq: head.seq, hash: head.hash },
  });
  const { evidence } = signer.keys;
  await change.tx
    .insertInto('evidence_file')
    .values({
      drill_id: drill.id,
      name: `evidence-${drill.id}.json`,
      text,
      namespace: namespaces.evidence,
      signer: siteSigner,
      signer_line: evidence.publicLine,
      signature: evidence.sign(text, namespaces.evidence),
    })
    .execute();
}

/** The runner's statement, or undefined without one. A statement that does not hold is put on record and left out. */
async function runnerFile(change: Change, job: JobRow, drill: Drill, result: DrillResult): Promise<EvidenceFileTable | undefined> {
  if (result.signed === undefined) return undefined;
  const { text, signature } = result.signed;
  const agent = await change.tx.selectFrom('agent').select('signing').where('id', '=', job.agent_id).executeTakeFirst();
  const key = agent?.signing === null || agent?.signing === undefined ? undefined : parseSshPublicKey(agent.signing);
  const isSame = text === runnerStatement(drill.id, job.id, job.agent_id, result);
  if (key === undefined || !isSame || !holds(text, signature, key)) {
    const reason = key === undefined ? 'no key is known' : isSame ? 'the signature is wrong' : 'it says other than was reported';
    change.audit({ action: 'evidence.refuse', object: { kind: 'drill', id: drill.id }, outcome: 'refused', detail: { reason } });
    return undefined;
  }
  return {
    drill_id: drill.id,
    name: `result-${drill.id}.json`,
    text,
    namespace: namespaces.evidence,
    signer: job.agent_id,
    signer_line: agent?.signing ?? '',
    signature,
  };
}

function holds(text: string, signature: string, key: SshPublicKey): boolean {
  try {
    verifySshSignature({ bytes: new TextEncoder().encode(text), signature, namespace: namespaces.evidence, keys: [key] });
    return true;
  } catch (error) {
    if (isFortFailError(error, 'denied')) return false;
    throw error;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
