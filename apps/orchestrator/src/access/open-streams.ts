import type { Principal } from './principal.ts';

/** More tabs and programs than anybody keeps open; several people may share an address. */
const maxOfPerson = 16;
const maxOfAddress = 128;

interface Stream {
  readonly keys: readonly string[];
  end(): void;
}

/** The event sockets that are open, so that one caller cannot take them all and a person's end with their rights. */
export class OpenStreams {
  readonly #streams = new Set<Stream>();
  readonly #counts = new Map<string, number>();

  /** Whether one more would fit. The local socket has no limit: who can enter it owns the process. */
  hasRoom(principal: Principal, address: string): boolean {
    return keysOf(principal, address).every(({ key, max }) => (this.#counts.get(key) ?? 0) < max);
  }

  /** Counts a stream until it is disposed of. `end` is called when its person's rights change. */
  enter(principal: Principal, address: string, end: () => void): Disposable {
    const keys = keysOf(principal, address).map(({ key }) => key);
    const stream = { keys, end };
    this.#streams.add(stream);
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return { [Symbol.dispose]: () => this.#leave(stream) };
  }

  /** Ends all streams of a person and of their tokens. */
  endOf(personId: string): void {
    for (const stream of [...this.#streams]) if (stream.keys.includes(personKey(personId))) stream.end();
  }

  #leave(stream: Stream): void {
    if (!this.#streams.delete(stream)) return;
    for (const key of stream.keys) {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    }
  }
}

function keysOf(principal: Principal, address: string): { key: string; max: number }[] {
  if (principal.kind === 'local-socket') return [];
  const personId = principal.kind === 'token' ? principal.personId : principal.id;
  return [
    { key: personKey(personId), max: maxOfPerson },
    { key: `address:${address}`, max: maxOfAddress },
  ];
}

function personKey(personId: string): string {
  return `person:${personId}`;
}
