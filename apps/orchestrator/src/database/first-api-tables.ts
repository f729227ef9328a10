/** An agent id of the first API and who has it. */
export interface LegacyAgentTable {
  /** As its clients write it. */
  id: string;
  /** `agent` claimed it by the shared secret, `pool` is operated by tokens without an id, `native` has a key of its own. */
  claim: string;
  /** Its row among all agents. */
  agent_id: string;
  /** SHA-256 of its own `ffl_` secret. */
  secret_hash: string | null;
  /** Where the claim, or the last token minted with more than the shared secret, came from. */
  address: string | null;
  created_at: string;
  last_seen_at: string | null;
}

/** One minted token of the first API, by its `jti`: without a live row here a token is worth nothing. */
export interface LegacyTokenTable {
  id: string;
  /** Null: for the pool. */
  legacy_id: string | null;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
}

/** A ticket for one WebSocket. */
export interface LegacyTicketTable {
  hash: string;
  /** JSON of who gets in by it. */
  caller: string;
  expires_at: string;
  used_at: string | null;
}

export interface LegacySnapshotTable {
  id: string;
  legacy_id: string;
  checksum: string;
  size_bytes: number;
  metadata: string | null;
  /** `registered` has no verified object yet, `uploaded` has. */
  status: string;
  object_key: string;
  /** Where a presigned upload goes before it is checked, and until when it may. */
  incoming_key: string | null;
  incoming_until: string | null;
  created_at: string;
  uploaded_at: string | null;
}

export interface LegacyJobTable {
  id: string;
  snapshot_id: string;
  target: string;
  /** `agent:<id>`, `pool`, or who else ordered it. */
  made_by: string;
  status: string;
  created_at: string;
  updated_at: string;
}

export interface LegacyJobLogTable {
  job_id: string;
  n: number;
  entry: string;
}

export interface LegacyCommandTable {
  id: string;
  legacy_id: string;
  job_id: string;
  command_type: string;
  payload: string;
  status: string;
  /** Until then nobody else gets it; afterwards it is delivered again. */
  lease_until: string | null;
  deliveries: number;
  created_at: string;
  updated_at: string;
}
