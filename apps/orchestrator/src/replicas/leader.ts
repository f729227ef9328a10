/**
 * Which one of the processes does what only one should do: scheduling, tidying, watching. It may change at any moment, so
 * whoever asks does one round and asks again; what must never happen twice also needs a rule in the database.
 */
export interface Leader {
  isLeader(): boolean;
}

/** The only process leads always. */
export const soleLeader: Leader = { isLeader: () => true };
