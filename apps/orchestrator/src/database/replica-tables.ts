/** An orchestrator process that lives, or did a moment ago. Milliseconds in these three tables are by the database's clock. */
export interface ReplicaTable {
  id: string;
  /** Its data folder. */
  home: string;
  hostname: string;
  pid: number;
  version: string;
  /** Fingerprint of the key it signs orders with: the same in all. */
  link_key: string;
  /** The server's process that serves its session. */
  backend: number;
  started_at: string;
  seen_ms: number;
}

/** Which orchestrator an agent is connected to. */
export interface PresenceTable {
  agent_id: string;
  replica: string;
  instance: string;
  /** Names the connection: a row is only ever taken away by the one that wrote it. */
  session: string;
  since: string;
  seen_ms: number;
}

/** What one orchestrator has for another: taken away by the one it is for. */
export interface RelayTable {
  id: string;
  to_replica: string;
  kind: string;
  body: string;
  expires_ms: number;
}
