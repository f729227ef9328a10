import { isFortFailError } from '@fortfail/base';
import type { Changes } from '../changes/changes.ts';
import type { AgentTable } from '../database/tables.ts';
import { admitAgent } from './admit-agent.ts';
import { type AgentProofs, unknownAgent } from './agent-proofs.ts';
import type { Door } from './door.ts';

/** Told of each agent that was not let in. */
export type OnRefusal = (agentId: string | null, code: string) => Promise<void>;

export interface ChallengeParts {
  readonly changes: Changes;
  readonly proofs: AgentProofs;
  /** Drawn for this connection. */
  readonly nonce: string;
  /** The link's public address. */
  readonly url: string;
  /** Judges what the connection itself shows of the agent, such as a certificate. Throws `denied`. */
  readonly checkConnection: (row: AgentTable) => void;
  readonly refused: OnRefusal;
}

/** A WebSocket from elsewhere: hello must answer its challenge with a proof. */
export function challengeDoor(parts: ChallengeParts): Door {
  return {
    via: 'agent-link',
    enter: (hello) =>
      onRecord(parts.refused, hello.agentId, async () => {
        const { agentId, proof } = hello;
        if (agentId === null || proof === undefined) throw unknownAgent();
        const row = await parts.proofs.agentOf({ agentId, proof, method: 'GET', url: parts.url, nonce: parts.nonce });
        parts.checkConnection(row);
        await admitAgent(parts.changes, row.id, hello, 'agent-link');
        return row.id;
      }),
  };
}

/** Long polls: each of them was proven by itself, so hello only has to be of the same agent. */
export function provenDoor(parts: { readonly changes: Changes; readonly agentId: string; readonly refused: OnRefusal }): Door {
  return {
    via: 'long-poll',
    enter: (hello) =>
      onRecord(parts.refused, parts.agentId, async () => {
        if (hello.agentId !== parts.agentId) throw unknownAgent();
        await admitAgent(parts.changes, parts.agentId, hello, 'long-poll');
        return parts.agentId;
      }),
  };
}

async function onRecord(refused: OnRefusal, agentId: string | null, work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (isFortFailError(error, 'denied')) await refused(agentId, error.code);
    throw error;
  }
}
