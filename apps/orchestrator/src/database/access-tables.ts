/** A program's key. What it may do is never more than its owner may at that moment. */
export interface ApiTokenTable {
  id: string;
  person_id: string;
  name: string;
  /** JSON array of `Grant`. */
  grants: string;
  /** SHA-256 of the whole token. */
  hash: string;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  ended_at: string | null;
}

/** Something a person should know of. One row is open for each kind and object. */
export interface AlertTable {
  id: string;
  kind: string;
  severity: string;
  object_kind: string;
  object_id: string;
  plan_id: string | null;
  agent_id: string | null;
  sentence: string;
  count: number;
  opened_at: string;
  last_at: string;
  acknowledged_at: string | null;
  /** The name of whoever did. */
  acknowledged_by: string | null;
  ended_at: string | null;
}
