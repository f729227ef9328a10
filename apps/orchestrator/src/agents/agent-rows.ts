import type { Agent } from '@fortfail/protocol';
import type { AgentTable } from '../database/tables.ts';

/** The agent as the API tells it; whether it is connected is the hub's knowledge. */
export function toAgent(row: AgentTable, connected: boolean): Agent {
  return {
    id: row.id,
    hostname: row.hostname,
    kind: row.kind as Agent['kind'],
    status: 'active',
    reason: null,
    version: row.version,
    connected,
    lastSeenAt: row.last_seen_at,
    restoreRoot: row.restore_root,
    isRoot: row.is_root === 1,
    enrolledAt: row.created_at,
    words: null,
    sealing: null,
    signing: null,
    certificateUntil: null,
    generation: 0,
    policyDigest: null,
    hasOwner: false,
    witnessSeq: null,
    plans: 0,
    openJobs: 0,
  };
}
