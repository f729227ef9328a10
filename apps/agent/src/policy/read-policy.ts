import { createHash } from 'node:crypto';
import { lstat, readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { z } from 'zod';
import { errnoOf } from '../durable-file.ts';
import { builtInPolicy, type HostPolicy, hostPolicy } from './host-policy.ts';

/** A policy with where it came from. */
export interface ReadPolicy {
  readonly policy: HostPolicy;
  /** The file; null: the built-in one. */
  readonly path: string | null;
  /** `sha256:<hex>` of the file's bytes, or `built-in`. */
  readonly digest: string;
  /** Whether the user that runs the agent could change the file, so that it does not bind that user. */
  readonly isOwn: boolean;
}

type Environment = Readonly<Partial<Record<'FORTFAIL_POLICY' | 'XDG_CONFIG_HOME', string | undefined>>>;

export const systemPolicyPath = '/etc/fortfail/policy.json';
const mostBytes = 256 * 1024;

/** Where a user's own agent looks when root has written no policy for the host. */
export function userPolicyPath(env: Environment): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'fortfail', 'policy.json');
}

/** The places to look, the first that exists counts: root's file binds every agent of the host. */
export function policyPaths(env: Environment): readonly string[] {
  if (env.FORTFAIL_POLICY) return [resolve(env.FORTFAIL_POLICY)];
  return process.getuid?.() === 0 ? [systemPolicyPath] : [systemPolicyPath, userPolicyPath(env)];
}

/**
 * Reads the host's policy. Throws `denied` for a file that somebody else than root and the agent's user could change, by
 * itself or through a folder above it, and `invalid-input` for one that cannot be understood: nothing is obeyed then.
 */
export async function readPolicy(paths: readonly string[]): Promise<ReadPolicy> {
  for (const path of paths) {
    const found = await readOne(path);
    if (found !== undefined) return found;
  }
  return { policy: builtInPolicy, path: null, digest: 'built-in', isOwn: true };
}

async function readOne(path: string): Promise<ReadPolicy | undefined> {
  const real = await realpath(path).catch((error: unknown) => {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    if (errno === 'EACCES') throw refusal(path, 'policy-unreadable', 'this user may not read it', `Type: chmod 644 '${path}'`);
    throw error;
  });
  if (real === undefined) return undefined;
  await requireUnchangeable(path);
  if (real !== path) await requireUnchangeable(real);
  const { uid, size } = await lstat(real);
  if (size > mostBytes) throw refusal(path, 'policy-size', 'it is too large', 'A policy has a few lines.');
  const bytes = await readFile(real);
  const self = process.getuid?.() ?? uid;
  return {
    policy: parsePolicy(bytes, path),
    path,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    isOwn: uid === self,
  };
}

function parsePolicy(bytes: Buffer, path: string): HostPolicy {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw invalid(path, 'it is not JSON', cause);
  }
  const parsed = hostPolicy.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const extra = issue?.code === 'unrecognized_keys' ? ` ${issue.keys.join(', ')}` : '';
  throw invalid(path, `${issue?.path.join('.') || 'it'}: ${issue?.message}${extra}`, new z.ZodError(parsed.error.issues));
}

/** Whoever could replace the file or a folder above it could write what the agent obeys. */
async function requireUnchangeable(path: string): Promise<void> {
  const self = process.getuid?.() ?? 0;
  for (let at = path; ; at = dirname(at)) {
    const { uid, mode } = await lstat(at);
    const isFile = at === path;
    if (uid !== 0 && uid !== self) throw refusal(path, 'policy-owner', `'${at}' belongs to another user`, `Type: chown root '${at}'`);
    // In a sticky folder such as /tmp nobody replaces what is not theirs.
    const isSticky = !isFile && (mode & 0o1000) !== 0;
    if ((mode & 0o022) !== 0 && !isSticky && (mode & 0o170000) !== 0o120000)
      throw refusal(path, 'policy-mode', `other users may change '${at}'`, `Type: chmod go-w '${at}'`);
    if (at === dirname(at)) return;
  }
}

function refusal(path: string, code: string, why: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'denied', code, message: `unable to use the policy '${path}', ${why}`, hint });
}

function invalid(path: string, why: string, cause: unknown): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'policy-invalid',
    message: `unable to read the policy '${path}', ${why}`,
    hint: 'Mend it; until then this agent obeys no order. docs/agents.md names every field.',
    cause,
  });
}
