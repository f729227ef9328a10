/** What the site thinks of this agent, where it is not welcome as it is: no fault of the connection. */
export type Standing = 'pending' | 'held' | 'revoked' | 'unknown' | 'other-instance';

export interface WireEnd {
  /** For the log and for `fortfail agent show`. */
  readonly reason: string;
  readonly standing: Standing | undefined;
}

/** What a connection tells whoever opened it. `ended` is the last word, and comes exactly once. */
export interface WireListener {
  opened(): void;
  received(text: string): void;
  ended(end: WireEnd): void;
}

/** One connection to the orchestrator, by whatever carrier: texts go both ways, in order. */
export interface Wire {
  /** `challenged`: the other side speaks first and wants a proof over what it says. */
  readonly greets: 'at-once' | 'challenged';
  send(text: string): void;
  /** Bytes that wait to be sent. */
  readonly bufferedBytes: number;
  /** Ends politely: what was sent still arrives. */
  close(code: number, reason: string): void;
  terminate(): void;
}

/** A way to reach the orchestrator. */
export interface Carrier {
  readonly name: 'unix socket' | 'WebSocket' | 'long poll';
  connect(listener: WireListener): Wire;
}

/** Close codes by which the site says what it thinks of an agent. */
const standings: Readonly<Record<number, Standing>> = {
  4401: 'unknown',
  4403: 'revoked',
  4409: 'other-instance',
  4423: 'held',
  4425: 'pending',
};

export function standingOfCode(code: number): Standing | undefined {
  return standings[code];
}

/** The same by the code of a problem document. */
export function standingOfProblem(code: string): Standing | undefined {
  const known: Readonly<Record<string, Standing>> = {
    'agent-unknown': 'unknown',
    'certificate-too-old': 'unknown',
    'agent-revoked': 'revoked',
    'agent-held': 'held',
    'agent-pending': 'pending',
    'agent-connected': 'other-instance',
  };
  return known[code];
}
