import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One blob of a golden pack as `EXPECTED.json` states it. */
export interface GoldenBlob {
  readonly id: string;
  readonly header_type: number;
  readonly type: 'data' | 'tree';
  readonly offset: number;
  readonly length: number;
  readonly uncompressed_length?: number;
}

/** What a correct reader finds in one golden repository. */
export interface GoldenRepository {
  readonly config: { readonly version: 1 | 2; readonly id: string; readonly chunker_polynomial: string };
  readonly config_plaintext: string;
  readonly master_key_plaintext: string;
  readonly keys: readonly string[];
  readonly snapshots: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly indexes: Readonly<Record<string, { readonly packs: readonly (readonly [string, number])[] }>>;
  readonly packs: Readonly<
    Record<string, { readonly size: number; readonly header_length: number; readonly blobs: readonly GoldenBlob[] }>
  >;
  readonly trees: Readonly<Record<string, string>>;
  readonly data_blobs: Readonly<Record<string, number>>;
  readonly files: Readonly<
    Record<
      string,
      Readonly<
        Record<string, { readonly size?: number; readonly sha256?: string; readonly chunks?: readonly number[]; readonly type?: string }>
      >
    >
  >;
}

export interface GoldenExpectations {
  readonly passwords: Readonly<Record<string, readonly string[]>>;
  readonly repos: Readonly<Record<string, GoldenRepository>>;
}

const goldenFolder = fileURLToPath(new URL('../../../../tests/golden/', import.meta.url));

/** What must be found in repositories that the real restic wrote. */
export function goldenExpectations(): GoldenExpectations {
  return JSON.parse(readFileSync(join(goldenFolder, 'EXPECTED.json'), 'utf8'));
}

/** Unpacks the golden repositories into a fresh folder, one subfolder each. The caller removes it. */
export function unpackGolden(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fortfail-golden-'));
  execFileSync('tar', ['-xzf', join(goldenFolder, 'golden-repos.tar.gz'), '-C', folder]);
  return folder;
}
