import type { Changes } from '../changes/changes.ts';
import type { Replicas } from '../replicas/replicas.ts';
import type { Hello } from './agent-facts.ts';
import { enrolAgent } from './enrol-agent.ts';

/** How an agent came in, and how it is known there who it is. */
export interface Door {
  readonly via: 'local-socket' | 'agent-link' | 'long-poll';
  /** The id of the agent that says hello. Throws `denied` with the code that says why it is not let in. */
  enter(hello: Hello): Promise<string>;
}

/** The unix socket: whoever can open it is the resident agent. */
export function localDoor(parts: { readonly changes: Changes; readonly replicas: Replicas }): Door {
  return { via: 'local-socket', enter: (hello) => enrolAgent(parts.changes, hello, parts.replicas.home) };
}
