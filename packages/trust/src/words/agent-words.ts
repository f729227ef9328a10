import { sha256 } from '@noble/hashes/sha2.js';
import { bytesOf } from '../encoding.ts';
import { formatSshPublicKey, parseSshPublicKey } from '../ssh/public-key.ts';
import { sixWords } from './six-words.ts';

/** An agent's three public keys: what others must be sure of before they seal anything to it. */
export interface AgentKeys {
  /** RFC 7638 thumbprint of its identity key, base64url. */
  readonly identity: string;
  /** age recipient. */
  readonly sealing: string;
  /** SSH public key line; a comment does not count. */
  readonly signing: string;
}

/** SHA-256 over all three keys, which the same words on both consoles stand for. Kind `invalid-input` for a malformed line. */
export function agentKeysDigest(keys: AgentKeys): Uint8Array {
  const signing = formatSshPublicKey(parseSshPublicKey(keys.signing));
  return sha256(bytesOf(`fortfail-agent-keys@v1\n${keys.identity}\n${keys.sealing}\n${signing}\n`));
}

/** Six words of an agent's keys: the host prints them at enrolment, the console shows the same. */
export function agentWords(keys: AgentKeys): readonly string[] {
  return sixWords(agentKeysDigest(keys));
}
