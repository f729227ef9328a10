import { type ErrorKind, errorKinds, isFortFailError } from '@fortfail/base';
import type { AuditWitness } from '@fortfail/protocol';
import { type ClientCall, clientCall } from '../client/client-call.ts';
import { runTool } from '../client/run-tool.ts';
import { type ChainVerification, verifyAuditFile } from '../client/verify-audit-file.ts';
import type { CommandContext } from '../command-context.ts';
import { exitOk } from '../exit.ts';
import type { auditVerifyOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const damaged: ErrorKind = 'damaged';

interface Finding extends ChainVerification {
  /** What was verified: the database with its file, or a file by ourselves. */
  readonly of: string;
}

/** Chains and file as the orchestrator judges them: the running one, else its own program on the same data. */
async function verifySite(call: ClientCall, context: CommandContext): Promise<Finding[]> {
  try {
    const found = await call.client.ask('verifyAudit', { signal: call.signal });
    return [{ of: placeOf(found, call), ...found }];
  } catch (error) {
    if (!isFortFailError(error, 'unavailable')) throw error;
    const { parts } = (await runTool('audit-verify', [], call.data, context)) as { readonly parts: readonly ChainVerification[] };
    return parts.map((found) => ({ of: placeOf(found, call), ...found }));
  }
}

function placeOf({ chain }: ChainVerification, { data }: ClientCall): string {
  return chain === 'file' ? data.auditFile : 'database';
}

function findingText({ of, chain, whole, records, head, brokenAt, reason }: Finding): string {
  const what = chain === 'file' ? of : `${of}: chain ${chain}`;
  return whole
    ? `${what} is whole, ${records} records, head ${head}\n`
    : `${what} is BROKEN at record ${brokenAt ?? '?'}: ${reason ?? ''}\n`;
}

const marks = { agrees: 'agrees', behind: 'agrees', differs: 'DIFFERS', ahead: 'DIFFERS', silent: 'is silent' } as const;

function witnessText({ hostname, verdict, sentence }: AuditWitness): string {
  return `witness ${hostname} ${marks[verdict]}: ${sentence}\n`;
}

/** `audit verify`: database and file of this site, or the file that was named; exit 25 when anything is broken. */
export const perform: Perform<typeof auditVerifyOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const { file } = options;
  const findings =
    file === undefined ? await verifySite(call, context) : (await verifyAuditFile(file)).map((found): Finding => ({ of: file, ...found }));
  const witnesses = options.witnesses ? (await call.client.ask('listAuditWitnesses', { signal: call.signal })).items : [];
  const whole = findings.every((found) => found.whole) && !witnesses.some(({ verdict }) => verdict === 'differs' || verdict === 'ahead');
  call.print({ whole, findings, ...(options.witnesses ? { witnesses } : {}) }, () =>
    [
      findings.length === 0 ? `${file}: no records yet\n` : findings.map(findingText).join(''),
      ...witnesses.map(witnessText),
      options.witnesses && witnesses.length === 0 ? 'There is no agent that could be a witness.\n' : '',
    ].join(''),
  );
  return whole ? exitOk : errorKinds[damaged].exit;
};
