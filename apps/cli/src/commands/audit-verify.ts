import { type ErrorKind, errorKinds, isFortFailError } from '@fortfail/base';
import { type ClientCall, clientCall } from '../client/client-call.ts';
import { type ChainVerification, verifyAuditFile } from '../client/verify-audit-file.ts';
import { exitOk } from '../exit.ts';
import type { auditVerifyOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const damaged: ErrorKind = 'damaged';

interface Finding extends ChainVerification {
  /** What was verified: the table by the orchestrator, or a file by ourselves. */
  readonly of: string;
}

/** The table's chain as the orchestrator judges it; undefined when none is up. */
async function askOrchestrator({ client, signal }: ClientCall): Promise<Finding | undefined> {
  try {
    return { of: 'database', ...(await client.ask('verifyAudit', { signal })) };
  } catch (error) {
    if (isFortFailError(error, 'unavailable')) return undefined;
    throw error;
  }
}

function findingText({ of, chain, whole, records, head, reason }: Finding): string {
  return whole
    ? `${of}: chain ${chain} is whole, ${records} records, head ${head}\n`
    : `${of}: chain ${chain} is BROKEN: ${reason ?? ''}\n`;
}

/** `audit verify`: the table where an orchestrator is up, and the file in any case; exit 25 when either is broken. */
export const perform: Perform<typeof auditVerifyOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const file = options.file ?? call.data.auditFile;
  const table = options.file === undefined ? await askOrchestrator(call) : undefined;
  const chains = (await verifyAuditFile(file)).map((found): Finding => ({ of: file, ...found }));
  const findings = table === undefined ? chains : [table, ...chains];
  call.print({ whole: findings.every(({ whole }) => whole), findings }, () =>
    findings.length === 0 ? `${file}: no records yet\n` : findings.map(findingText).join(''),
  );
  return findings.every(({ whole }) => whole) ? exitOk : errorKinds[damaged].exit;
};
