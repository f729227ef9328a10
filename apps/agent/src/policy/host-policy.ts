import { parseSshPublicKey } from '@fortfail/trust';
import { z } from 'zod';

/** What an order needs before it is obeyed: nothing more, a signed approval or local consent, local consent, or it never is. */
export const need = z.enum(['orchestrator', 'approval', 'consent', 'refuse']);
export type Need = z.infer<typeof need>;

const duration = z.string().regex(/^\d{1,5}[smhd]$/, 'must be a number with s, m, h or d, such as 2h');
const absolute = z
  .string()
  .max(4096)
  .regex(/^\//, 'must be an absolute path')
  .refine((path) => !path.includes('\0'), 'must not contain NUL');
const sshLine = z.string().max(4096).refine(isSshKey, 'must be one line such as "ssh-ed25519 AAAA..."');

/** Who decides what, one entry for each kind of thing an orchestrator may ask. Absent entries have the home column. */
export const acceptTable = z.strictObject({
  backup: need.default('orchestrator'),
  check: need.default('orchestrator'),
  drill: need.default('orchestrator'),
  /** Into a fresh folder below `restore_roots`. */
  restore: need.default('orchestrator'),
  /** Into a folder that a person named elsewhere on this host. */
  restore_elsewhere: need.default('approval'),
  /** Of another host's restore point. */
  restore_foreign: need.default('approval'),
  /** A repository at a place that is neither known nor named in `repositories`. */
  repository: need.default('consent'),
  /** A key slot for another host: an order signed by an admin of the roster, or consent here. */
  slot: need.default('approval'),
  escrow: need.default('orchestrator'),
  /** `local-keeper`: this host may forget restore points of its own repositories when told to. */
  forget: z.enum(['refuse', 'local-keeper']).default('refuse'),
});
export type AcceptTable = z.infer<typeof acceptTable>;

/** What a host's owner allows, as `policy.json` has it. */
export const hostPolicy = z.strictObject({
  v: z.literal(1),
  owner: sshLine.nullable().default(null),
  recovery: z
    .string()
    .regex(/^age1[0-9a-z]{20,200}$/, 'must be an age recipient, age1...')
    .nullable()
    .default(null),
  accept: acceptTable.default(acceptTable.parse({})),
  /** What may be backed up: these folders and what is below them. */
  paths: z.array(absolute).min(1).max(1000).default(['/']),
  /** What never is, and into which nothing is ever restored. */
  never: z.array(absolute).max(1000).default([]),
  restore_roots: z.array(absolute).max(100).default([]),
  /** `50%free`, or bytes with K, M, G, T: the most that one restore may fill. */
  restore_quota: z
    .string()
    .regex(/^(\d{1,3}%free|\d{1,15}[KMGT]?)$/, 'must be such as 50%free or 20G')
    .default('50%free'),
  /** Folders below which repositories may be made without consent, and whole locations. */
  repositories: z.array(z.string().min(1).max(4096)).max(100).default([]),
  hooks: z.enum(['none', 'name', 'signed-name']).default('none'),
  browse: z.enum(['session', 'webauthn', 'ssh', 'none']).default('session'),
  catalog: z.enum(['none', 'sizes', 'names']).default('names'),
  signers: z
    .array(z.enum(['ssh', 'webauthn']))
    .max(2)
    .default(['ssh', 'webauthn']),
  selfrun_grace: duration.default('2h'),
  /** Where this host itself calls for help: `ntfy:https://...` or `https:...`. */
  alarm: z
    .array(
      z
        .string()
        .max(2048)
        .regex(/^(ntfy:|https:\/\/)/, 'must begin with ntfy: or https://; commands are not run'),
    )
    .max(10)
    .default([]),
  /** Over the unix socket of this machine the orchestrator is the same user: it is obeyed as far as that user may go. */
  trust_local: z.boolean().default(true),
});
export type HostPolicy = z.infer<typeof hostPolicy>;

/** Without a policy file: the home column, no owner. */
export const builtInPolicy: HostPolicy = hostPolicy.parse({ v: 1 });

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `2h` in milliseconds. */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * (unitSeconds[text.slice(-1)] ?? 1) * 1000;
}

/** The most bytes that one restore may write where so many are free. */
export function quotaBytes(quota: string, freeBytes: number): number {
  const percent = /^(\d+)%free$/.exec(quota)?.[1];
  if (percent !== undefined) return Math.floor((freeBytes * Math.min(100, Number(percent))) / 100);
  const exponent = 'KMGT'.indexOf(quota.slice(-1)) + 1;
  return Number.parseInt(quota, 10) * 1024 ** exponent;
}

function isSshKey(line: string): boolean {
  try {
    parseSshPublicKey(line);
    return true;
  } catch {
    // What makes it none is said by the schema's own message.
    return false;
  }
}
