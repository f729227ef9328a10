import { FortFailError } from '@fortfail/base';
import { DocumentFields } from './document-fields.ts';

/** The repository's own settings, fixed when it is made. */
export interface RepositoryConfig {
  readonly version: 1 | 2;
  readonly id: string;
  readonly chunkerPolynomial: bigint;
}

/** The config document as restic writes it, without a line end. */
export function encodeConfig(config: RepositoryConfig): Buffer {
  const polynomial = config.chunkerPolynomial.toString(16);
  return Buffer.from(`{"version":${config.version},"id":"${config.id}","chunker_polynomial":"${polynomial}"}`);
}

/** Throws `damaged`, and `invalid-input` for a version of the format that is neither 1 nor 2. */
export function decodeConfig(bytes: Uint8Array): RepositoryConfig {
  const document = new DocumentFields('config', bytes);
  const version = document.count('version');
  if (version !== 1 && version !== 2) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'repository-version',
      message: `unable to open repository, its format version ${version} is not supported`,
      hint: 'Versions 1 and 2 are. Open it with a newer FortFail.',
    });
  }
  const polynomial = document.text('chunker_polynomial');
  if (!/^[0-9a-f]{1,16}$/.test(polynomial)) throw document.fault('chunker_polynomial is not hexadecimal');
  return { version, id: document.id('id'), chunkerPolynomial: BigInt(`0x${polynomial}`) };
}
