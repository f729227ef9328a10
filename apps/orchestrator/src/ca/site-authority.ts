import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import {
  type CertificateAndKey,
  caFingerprint,
  createSiteCa,
  issueAgentCertificate,
  issueServerCertificate,
  readCertificate,
} from '@fortfail/trust/certificates';
import { randomHex } from '../ids.ts';
import { createSecretFile, errnoOf, readSecretFile, syncFolder, writeWhole } from '../keys/secret-file.ts';

/** Days before the end of the server's certificate at which it is made anew: at 60 of its 90. */
const renewBeforeDays = 30;
const dayMs = 86_400_000;

export interface AuthorityParts {
  /** Undefined: in memory, for tests. */
  readonly dataFolder: string | undefined;
  /** A key that several orchestrators share; its certificate stands in the same file or beside it as `ca.pem`. */
  readonly caKeyFile?: string | undefined;
  readonly siteId: string;
  readonly now: () => Date;
}

/** The site's own certificate authority: says who is connected, never who may command. Made when it is first needed. */
export class SiteAuthority {
  readonly #parts: AuthorityParts;
  #known: CertificateAndKey | undefined;
  #server: CertificateAndKey | undefined;
  #making: Promise<CertificateAndKey> | undefined;

  /** Reads what is there. Throws `denied`, `damaged` or `not-found` for files that cannot be used. */
  constructor(parts: AuthorityParts) {
    this.#parts = parts;
    if (parts.dataFolder !== undefined) this.#known = readAuthority(parts.dataFolder, parts.caKeyFile);
  }

  /** PEM; undefined before it was needed. */
  get certificate(): string | undefined {
    return this.#known?.certificate;
  }

  /** As join strings name it. */
  get fingerprint(): string | undefined {
    return this.#known === undefined ? undefined : caFingerprint(this.#known.certificate);
  }

  /** Makes the authority when there is none. Answers its certificate (PEM). */
  async ensure(): Promise<string> {
    return (await this.#pair()).certificate;
  }

  /** A certificate for an agent's request; the names in the request are ignored. Throws `invalid-input`. */
  async issueForAgent(csr: string, agentId: string, days: number): Promise<{ certificate: string; until: string }> {
    const { siteId, now } = this.#parts;
    const certificate = await issueAgentCertificate(await this.#pair(), csr, { siteId, agentId, now: now(), days });
    return { certificate, until: readCertificate(certificate).notAfter.toISOString() };
  }

  /**
   * The TLS certificate for these names: the one of the data folder while it fits and is not about to end, else a new one.
   * Throws `invalid-input` for names that none can be.
   */
  async serverCertificate(names: readonly string[]): Promise<CertificateAndKey> {
    const { dataFolder, now } = this.#parts;
    const ca = await this.#pair();
    const kept =
      dataFolder === undefined ? this.#server : readPair(join(dataFolder, 'tls', 'server.key'), join(dataFolder, 'tls', 'server.pem'));
    if (kept !== undefined && isFit(kept, names, now())) return kept;
    const made = await issueServerCertificate(ca, { names, now: now() });
    this.#server = made;
    if (dataFolder !== undefined) {
      replaceFile(join(dataFolder, 'tls', 'server.key'), made.privateKey);
      replaceFile(join(dataFolder, 'tls', 'server.pem'), made.certificate);
    }
    return made;
  }

  async #pair(): Promise<CertificateAndKey> {
    if (this.#known !== undefined) return this.#known;
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #make(): Promise<CertificateAndKey> {
    const { dataFolder, siteId, now } = this.#parts;
    const made = await createSiteCa({ siteId, now: now() });
    if (dataFolder !== undefined) {
      // The key first: without a certificate beside it, it was never used and may be replaced.
      replaceFile(join(dataFolder, 'ca', 'ca.key'), made.privateKey);
      replaceFile(join(dataFolder, 'ca', 'ca.pem'), made.certificate);
    }
    this.#known = dataFolder === undefined ? made : readAuthority(dataFolder, undefined);
    return this.#known ?? made;
  }
}

function isFit(pair: CertificateAndKey, names: readonly string[], now: Date): boolean {
  if (!isPair(pair)) return false;
  const facts = readCertificate(pair.certificate);
  const isLasting = facts.notAfter.getTime() - now.getTime() > renewBeforeDays * dayMs && facts.notBefore <= now;
  return isLasting && names.every((name) => facts.names.includes(name)) && facts.names.length === names.length;
}

function readAuthority(dataFolder: string, named: string | undefined): CertificateAndKey | undefined {
  const keyPath = named ?? join(dataFolder, 'ca', 'ca.key');
  const text = readSecretFile(keyPath);
  if (text === undefined && named === undefined) return undefined;
  if (text === undefined) throw missing(keyPath, 'Copy it from an orchestrator of this site, or unset CA_KEY_FILE.');
  const certificate = text.includes('BEGIN CERTIFICATE') ? blockOf(text, 'CERTIFICATE') : readText(join(dirname(keyPath), 'ca.pem'));
  const privateKey = blockOf(text, 'PRIVATE KEY');
  if (certificate === undefined && named === undefined) return undefined;
  if (certificate === undefined) throw missing(join(dirname(keyPath), 'ca.pem'), 'It belongs beside the key, or into the same file.');
  if (privateKey === undefined || !isPair({ certificate, privateKey }) || !readCertificate(certificate).isCa) throw damaged(keyPath);
  return { certificate, privateKey };
}

/** A process that died between two files may have left halves that do not belong together. */
function isPair({ certificate, privateKey }: CertificateAndKey): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    // Whatever it is, it is no certificate or no key: the caller says so with its path.
    return false;
  }
}

function readPair(keyPath: string, certificatePath: string): CertificateAndKey | undefined {
  const privateKey = readSecretFile(keyPath);
  const certificate = readText(certificatePath);
  return privateKey === undefined || certificate === undefined ? undefined : { certificate, privateKey };
}

function blockOf(text: string, label: string): string | undefined {
  const block = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`).exec(text)?.[0];
  return block === undefined ? undefined : `${block}\n`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** After a crash it is the old or the new one, whole. */
function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${randomHex(8)}.tmp`;
  if (createSecretFile(path, text)) return;
  writeWhole(temporary, text, 0o600);
  renameSync(temporary, path);
  chmodSync(path, 0o600);
  syncFolder(dirname(path));
}

function missing(path: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'not-found', code: 'ca-missing', message: `unable to find '${path}'`, hint });
}

function damaged(path: string): FortFailError {
  return new FortFailError({
    kind: 'damaged',
    code: 'ca-damaged',
    message: `unable to use the certificate authority in '${path}'`,
    hint: 'Key and certificate must be PEM and of one pair. Put them back from a backup of FortFail itself.',
  });
}
