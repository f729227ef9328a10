/** Public keys this site has ever signed with: kept for ever, so that what they signed can be verified. */
export interface SignerTable {
  /** SSH fingerprint. */
  fingerprint: string;
  /** The public key as an SSH line. */
  line: string;
  /** `link` or `evidence`. */
  kind: string;
  since: string;
  until_at: string | null;
}

/** One signed file of a drill's evidence: the runner's own result, or the site's statement about it. */
export interface EvidenceFileTable {
  drill_id: string;
  name: string;
  text: string;
  namespace: string;
  /** Who signed, as `allowed_signers` names it. */
  signer: string;
  signer_line: string;
  signature: string;
}

export interface SignedHeadTable {
  chain: string;
  seq: number;
  hash: string;
  made: string;
  /** The exact bytes that were signed. */
  text: string;
  signature: string;
}

/** What each witness said it holds. */
export interface WitnessTable {
  agent_id: string;
  chain: string;
  seq: number;
  hash: string;
  seen_at: string;
  verdict: string;
}

/** A recovery kit: public halves only. One is in force, the one without `replaced_at`. */
export interface KitTable {
  /** age recipient. */
  recipient: string;
  kit_id: string;
  /** Owner's public key as an SSH line. */
  owner: string;
  /** What a confirmation must repeat. */
  confirmation: string;
  created_at: string;
  confirmed_at: string | null;
  tested_at: string | null;
  replaced_at: string | null;
}

export interface RosterTable {
  serial: number;
  text: string;
  signature: string;
  created_at: string;
}

/** A repository's password sealed to a recovery key: opaque here. */
export interface EscrowTable {
  repository_id: string;
  n: number;
  recipient: string;
  sealed: string;
  key_id: string;
  /** JSON array: where copies were acknowledged. */
  places: string;
  created_at: string;
}

/** A key slot of a repository for a second agent. One for each of them and repository. */
export interface RepositoryGrantTable {
  id: string;
  repository_id: string;
  from_agent_id: string;
  to_agent_id: string;
  /** `asked`, `sealed`, `accepted`, `refused` or `removed`. */
  status: string;
  sentence: string;
  /** The order to the owner's agent as JSON: repeated word for word when it is asked again. */
  payload: string;
  /** The slot's password, sealed to the other agent; gone once it has it. */
  sealed: string | null;
  job_id: string | null;
  created_at: string;
  accepted_at: string | null;
}
