import { type TransferListItem, Worker } from 'node:worker_threads';
import { type ErrorRecord, FortFailError, fromErrorRecord } from '@fortfail/base';

export interface ThreadPoolOptions<Event> {
  readonly script: URL;
  readonly workerData: unknown;
  /** At most; each is started only when all before it have something to do. */
  readonly threads: number;
  /** Jobs handed to one thread before it has answered the first: it never waits for the main thread between two. */
  readonly outstanding: number;
  /** Called for what a thread reports beside its answers, in the order it was sent and before later answers. */
  readonly onEvent?: (event: Event) => void;
}

/** What a thread sends. `id` names the job answered. */
export type ThreadMessage<Reply, Event, Final> =
  | { readonly id: number; readonly reply: Reply }
  | { readonly id: number; readonly error: ErrorRecord }
  | { readonly event: Event }
  | { readonly final: Final }
  | { readonly finalError: ErrorRecord };

/** What a thread receives. */
export type ThreadOrder<Job> = { readonly id: number; readonly job: Job } | { readonly end: 'finish' | 'discard' };

interface Waiting<Job, Reply> {
  readonly job: Job;
  readonly transfer: readonly TransferListItem[];
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread<Job, Reply, Final> {
  readonly worker: Worker;
  readonly running: Map<number, Waiting<Job, Reply>>;
  readonly ended: PromiseWithResolvers<Final>;
}

/**
 * Hands jobs to worker threads: at most `outstanding` each, the rest waits here in order. A thread that dies rejects
 * everything that is under way or still comes; the pool is then only good for `discard()`.
 */
export class ThreadPool<Job, Reply, Event = never, Final = void> {
  readonly #threads: Thread<Job, Reply, Final>[] = [];
  readonly #queue: Waiting<Job, Reply>[] = [];
  readonly #options: ThreadPoolOptions<Event>;
  #nextId = 0;
  #failure: unknown;
  #roomWaiters: { readonly below: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  constructor(options: ThreadPoolOptions<Event>) {
    this.#options = options;
  }

  /** Jobs that no thread has taken yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** How many there may be. */
  get threads(): number {
    return this.#options.threads;
  }

  /** Answers when a thread has done the job. `urgent` goes before everything that waits. */
  submit(job: Job, options: { readonly urgent?: boolean; readonly transfer?: readonly TransferListItem[] } = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const waiting = { job, transfer: options.transfer ?? [], resolve, reject };
      if (options.urgent === true) this.#queue.unshift(waiting);
      else this.#queue.push(waiting);
      this.#feed();
    });
  }

  /** Resolves once fewer than `below` jobs wait: the brake for whoever produces jobs. */
  async room(below: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#queue.length < below) return;
    await new Promise<void>((resolve, reject) => this.#roomWaiters.push({ below, resolve, reject }));
  }

  /** Ends every thread after its last job and answers with what each had to say; nothing may wait any more. */
  async finish(): Promise<Final[]> {
    if (this.#failure !== undefined) throw this.#failure;
    for (const thread of this.#threads) thread.worker.postMessage({ end: 'finish' } satisfies ThreadOrder<Job>);
    return Promise.all(this.#threads.map((thread) => thread.ended.promise));
  }

  /** Ends every thread as soon as it can stop; what it holds is dropped. Never throws; harmless after `finish`. */
  async discard(reason: unknown): Promise<void> {
    this.#fail(reason);
    for (const thread of this.#threads) thread.worker.postMessage({ end: 'discard' } satisfies ThreadOrder<Job>);
    await Promise.allSettled(this.#threads.map((thread) => thread.ended.promise));
    await Promise.allSettled(this.#threads.map((thread) => thread.worker.terminate()));
  }

  #start(): Thread<Job, Reply, Final> {
    const worker = new Worker(this.#options.script, {
      workerData: this.#options.workerData,
      // A small young generation keeps the garbage of one thread from becoming megabytes; data lives outside the heap.
      resourceLimits: { maxYoungGenerationSizeMb: 3, maxOldGenerationSizeMb: 160 },
    });
    const thread: Thread<Job, Reply, Final> = { worker, running: new Map(), ended: Promise.withResolvers() };
    thread.ended.promise.catch(() => undefined);
    worker.on('message', (message: ThreadMessage<Reply, Event, Final>) => this.#receive(thread, message));
    worker.on('error', (cause) => this.#die(thread, cause));
    worker.on('exit', () => this.#die(thread, undefined));
    return thread;
  }

  #die(thread: Thread<Job, Reply, Final>, cause: unknown): void {
    const error = new FortFailError({ kind: 'bug', code: 'thread-died', message: 'unable to go on, a worker thread ended', cause });
    thread.ended.reject(error);
    if (thread.running.size > 0 || cause !== undefined) this.#fail(cause instanceof FortFailError ? cause : error);
  }

  #receive(thread: Thread<Job, Reply, Final>, message: ThreadMessage<Reply, Event, Final>): void {
    if ('event' in message) {
      this.#options.onEvent?.(message.event);
    } else if ('final' in message) {
      thread.ended.resolve(message.final);
    } else if ('finalError' in message) {
      thread.ended.reject(fromErrorRecord(message.finalError));
    } else {
      const waiting = thread.running.get(message.id);
      thread.running.delete(message.id);
      if ('error' in message) waiting?.reject(fromErrorRecord(message.error));
      else waiting?.resolve(message.reply);
      this.#feed();
    }
  }

  #feed(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idlest();
      if (thread.running.size >= this.#options.outstanding) break;
      const waiting = this.#queue.shift();
      if (waiting === undefined) break;
      this.#nextId += 1;
      thread.running.set(this.#nextId, waiting);
      thread.worker.postMessage({ id: this.#nextId, job: waiting.job } satisfies ThreadOrder<Job>, [...waiting.transfer]);
    }
    const ready = this.#roomWaiters.filter((waiter) => this.#queue.length < waiter.below);
    if (ready.length === 0) return;
    this.#roomWaiters = this.#roomWaiters.filter((waiter) => this.#queue.length >= waiter.below);
    for (const waiter of ready) waiter.resolve();
  }

  #idlest(): Thread<Job, Reply, Final> {
    const [first, ...others] = this.#threads;
    const idlest = others.reduce((best, thread) => (thread.running.size < (best?.running.size ?? 0) ? thread : best), first);
    if (idlest?.running.size === 0 || (idlest !== undefined && this.#threads.length >= this.#options.threads)) return idlest;
    const started = this.#start();
    this.#threads.push(started);
    return started;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    const waiting = [...this.#queue.splice(0), ...this.#threads.flatMap((thread) => [...thread.running.values()])];
    for (const thread of this.#threads) thread.running.clear();
    for (const { reject } of waiting) reject(this.#failure);
    for (const waiter of this.#roomWaiters.splice(0)) waiter.reject(this.#failure);
  }
}
