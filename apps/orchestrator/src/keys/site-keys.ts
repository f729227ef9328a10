import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { SigningKey } from '@fortfail/trust';
import { createSecretFile, readSecretFile } from './secret-file.ts';

/** Where keys lie that several orchestrators share. Files named here must exist; none is ever made in their place. */
export interface KeyPlaces {
  readonly linkKeyFile?: string | undefined;
  readonly evidenceKeyFile?: string | undefined;
}

/** The keys this site signs with: orders to agents with one, evidence and audit heads with the other. */
export class SiteKeys {
  readonly link: SigningKey;
  readonly evidence: SigningKey;

  private constructor(link: SigningKey, evidence: SigningKey) {
    this.link = link;
    this.evidence = evidence;
  }

  /**
   * Reads both keys of the data folder and makes what is missing there, 0600. Throws `denied` for a file that others may
   * read, `not-found` for a named file that is not there, `damaged` for one that holds no key.
   */
  static open(dataFolder: string, places: KeyPlaces): SiteKeys {
    const own = (name: string): string => join(dataFolder, 'keys', `${name}.key`);
    return new SiteKeys(
      openKey(own('link'), places.linkKeyFile, 'LINK_KEY_FILE', 'fortfail link'),
      openKey(own('evidence'), places.evidenceKeyFile, 'EVIDENCE_KEY_FILE', 'fortfail evidence'),
    );
  }

  /** Fresh keys that are nowhere but in memory. */
  static inMemory(): SiteKeys {
    return new SiteKeys(SigningKey.generate(), SigningKey.generate());
  }

  /** Public keys (SSH lines) whose orders agents believe. */
  linkLines(): string[] {
    return [this.link.publicLine];
  }
}

function openKey(ownPath: string, named: string | undefined, variable: string, comment: string): SigningKey {
  const path = named ?? ownPath;
  const known = readSecretFile(path);
  if (known !== undefined) return parse(path, known);
  if (named !== undefined) {
    throw new FortFailError({
      kind: 'not-found',
      code: 'key-file-missing',
      message: `unable to find '${named}', which ${variable} names`,
      hint: `Copy it from an orchestrator of this site, or unset ${variable}.`,
    });
  }
  createSecretFile(path, SigningKey.generate().toOpenSsh(comment));
  // Read back: of two that made it at once only one file stayed.
  return parse(path, readSecretFile(path) ?? '');
}

function parse(path: string, text: string): SigningKey {
  try {
    return SigningKey.fromOpenSsh(text);
  } catch (cause) {
    throw new FortFailError({
      kind: 'damaged',
      code: 'key-file-damaged',
      message: `unable to read the key in '${path}'`,
      hint: 'It must be an unencrypted Ed25519 key as ssh-keygen writes it. Put it back from a backup of FortFail itself.',
      cause,
    });
  }
}
