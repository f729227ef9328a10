import { FortFailError, isFortFailError } from '@fortfail/base';
import type {
  BackendProperties,
  ByteRange,
  FileInfo,
  FileType,
  GetOptions,
  Handle,
  IoOptions,
  Location,
  StorageBackend,
} from '../backend.ts';
import { listAll } from '../list-all.ts';

export type Method = 'create' | 'put' | 'get' | 'stat' | 'list' | 'remove' | 'move' | 'replaceConfig';

/** One request that reached the store. `number` counts all of them from 1. */
export interface Call {
  readonly number: number;
  readonly method: Method;
  readonly handle: Handle | undefined;
  /** Target of a move. */
  readonly to?: Handle | undefined;
}

/**
 * What goes wrong. `before`: the request fails and had no effect; `after`: it had its effect and the answer is lost.
 * `kill`: the same, and every later request fails too, as for a process that died there.
 */
export interface FaultPlan {
  readonly when: 'before' | 'after';
  readonly kill?: boolean;
  readonly error?: FortFailError;
}

interface Fault extends FaultPlan {
  readonly matches: (call: Call) => boolean;
  left: number;
}

/** True for the error of a request to a FaultyBackend that was killed. */
export function isKilled(error: unknown): boolean {
  return isFortFailError(error, 'unavailable') && error.code === 'killed';
}

/**
 * A store that misbehaves as ordered: fails or dies at the n-th request, before or after the effect; holds requests at a
 * gate; serves old listings. Everything else it passes on, and it writes down what it was asked.
 */
export class FaultyBackend implements StorageBackend {
  readonly calls: Call[] = [];
  readonly location: Location;
  readonly properties: BackendProperties;
  /** Awaited before each request reaches the store: a test delays, reorders or pauses clients here. */
  gate: ((call: Call) => Promise<void>) | undefined;
  readonly #inner: StorageBackend;
  readonly #faults: Fault[] = [];
  readonly #oldLists = new Map<FileType, readonly FileInfo[]>();
  #killed = false;

  constructor(inner: StorageBackend, properties: Partial<BackendProperties> = {}) {
    this.#inner = inner;
    this.location = inner.location;
    this.properties = { ...inner.properties, ...properties };
  }

  get isKilled(): boolean {
    return this.#killed;
  }

  /** Makes the n-th request from now on go wrong, whatever it is. */
  failAt(nth: number, plan: FaultPlan): this {
    const target = this.calls.length + nth;
    return this.#order({ ...plan, matches: (call) => call.number === target, left: 1 });
  }

  /** Makes the next request of that method (and kind of file) go wrong, or the next `times`. */
  failNext(method: Method, plan: FaultPlan & { readonly times?: number; readonly type?: FileType }): this {
    const matches = (call: Call): boolean => call.method === method && (plan.type === undefined || call.handle?.type === plan.type);
    return this.#order({ ...plan, matches, left: plan.times ?? 1 });
  }

  /** Every request fails from now on, as for a dead process. */
  kill(): void {
    this.#killed = true;
  }

  /** The store answers again: the next process came up. Orders that were not carried out are forgotten. */
  revive(): void {
    this.#killed = false;
    this.#faults.length = 0;
    this.gate = undefined;
    this.#oldLists.clear();
  }

  /** From now on listings of these kinds answer as things are now, until `thawLists`. */
  async freezeLists(...types: FileType[]): Promise<void> {
    for (const type of types) this.#oldLists.set(type, await listAll(this.#inner, type));
  }

  thawLists(): void {
    this.#oldLists.clear();
  }

  create(options?: IoOptions): Promise<void> {
    return this.#pass('create', undefined, () => this.#inner.create(options));
  }

  put(handle: Handle, body: Uint8Array, options?: IoOptions): Promise<void> {
    return this.#pass('put', handle, () => this.#inner.put(handle, body, options));
  }

  get(handle: Handle, range?: ByteRange, options?: GetOptions): Promise<Uint8Array> {
    return this.#pass('get', handle, () => this.#inner.get(handle, range, options));
  }

  stat(handle: Handle, options?: IoOptions): Promise<FileInfo> {
    return this.#pass('stat', handle, () => this.#inner.stat(handle, options));
  }

  async *list(type: FileType, options?: IoOptions): AsyncIterable<FileInfo> {
    const old = this.#oldLists.get(type);
    yield* await this.#pass('list', { type, name: '' }, async () => old ?? (await listAll(this.#inner, type, options)));
  }

  remove(handle: Handle, options?: IoOptions): Promise<void> {
    return this.#pass('remove', handle, () => this.#inner.remove(handle, options));
  }

  move(from: Handle, to: Handle, options?: IoOptions): Promise<void> {
    return this.#pass('move', from, () => this.#move(from, to, options), to);
  }

  replaceConfig(body: Uint8Array, options?: IoOptions): Promise<void> {
    return this.#pass('replaceConfig', { type: 'config', name: '' }, () => this.#inner.replaceConfig(body, options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#inner[Symbol.asyncDispose]());
  }

  async #move(from: Handle, to: Handle, options: IoOptions | undefined): Promise<void> {
    if (this.#inner.move === undefined) throw new FortFailError({ kind: 'bug', code: 'no-move', message: 'the store below has no move' });
    await this.#inner.move(from, to, options);
  }

  #order(fault: Fault): this {
    this.#faults.push(fault);
    return this;
  }

  async #pass<T>(method: Method, handle: Handle | undefined, work: () => Promise<T>, to?: Handle): Promise<T> {
    const call: Call = { number: this.calls.length + 1, method, handle, to };
    this.calls.push(call);
    await this.gate?.(call);
    if (this.#killed) throw deadAnswer(call);
    const fault = this.#faults.find((candidate) => candidate.left > 0 && candidate.matches(call));
    if (fault === undefined) {
      const answer = await work();
      if (this.#killed) throw deadAnswer(call);
      return answer;
    }
    fault.left -= 1;
    if (fault.kill === true) this.#killed = true;
    if (fault.when === 'after') await work();
    throw fault.error ?? (fault.kill === true ? deadAnswer(call) : lostAnswer(call));
  }
}

function deadAnswer(call: Call): FortFailError {
  return new FortFailError({ kind: 'unavailable', code: 'killed', message: `unable to ${call.method} (request ${call.number}): killed` });
}

function lostAnswer(call: Call): FortFailError {
  return new FortFailError({ kind: 'unavailable', code: 'fault', message: `unable to ${call.method} (request ${call.number}): fault` });
}
