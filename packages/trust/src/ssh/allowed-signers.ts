import { invalid } from '../refusal.ts';
import { formatSshPublicKey, type SshPublicKey } from './public-key.ts';

export interface AllowedSigner {
  /** Whom `ssh-keygen -Y verify -I` names. */
  readonly principal: string;
  readonly key: SshPublicKey;
  /** What this key may sign; at least one. */
  readonly namespaces: readonly string[];
  readonly validAfter?: Date | undefined;
  readonly validBefore?: Date | undefined;
}

/** UTC as ssh-keygen reads it since OpenSSH 9.1: 20261231235959Z. It knows four digits of a year, and no moment zero. */
function stamp(date: Date): string {
  const isTold = date.getTime() >= Date.UTC(1971) && date.getTime() < Date.UTC(10_000);
  if (!isTold) throw invalid('signer-date', 'unable to write an allowed signer with a date outside 1971 to 9999');
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}

function line(signer: AllowedSigner): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$/.test(signer.principal)) {
    throw invalid(
      'signer-principal',
      `unable to write the allowed signer '${signer.principal}'`,
      'Use letters, digits and . _ @ : + - only.',
    );
  }
  if (signer.namespaces.length === 0 || !signer.namespaces.every((name) => /^[A-Za-z0-9._@-]+$/.test(name))) {
    throw invalid('signer-namespaces', `unable to write the namespaces of the allowed signer '${signer.principal}'`);
  }
  const options = [`namespaces="${signer.namespaces.join(',')}"`];
  if (signer.validAfter !== undefined) options.push(`valid-after="${stamp(signer.validAfter)}"`);
  if (signer.validBefore !== undefined) options.push(`valid-before="${stamp(signer.validBefore)}"`);
  return `${signer.principal} ${options.join(',')} ${formatSshPublicKey(signer.key)}\n`;
}

/** The text of an `allowed_signers` file for `ssh-keygen -Y verify -f`, one line per entry. Kind `invalid-input`. */
export function formatAllowedSigners(entries: readonly AllowedSigner[]): string {
  return entries.map(line).join('');
}
