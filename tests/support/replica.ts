import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import WebSocket from 'ws';
import { LocalClient } from '../../apps/cli/src/client/local-client.ts';
import { begin, ended, type Outcome, type Program, root } from './programs.ts';
import { until } from './site.ts';

const program = (part: 'orchestrator' | 'agent'): Program => ({
  name: part,
  file: process.execPath,
  before: [join(root, 'apps', part, 'src', 'main.ts')],
});

/** An orchestrator or an agent as a bare process, so that a kill hits it and nothing starts it again. */
export class BarePart {
  readonly data: string;
  readonly #part: 'orchestrator' | 'agent';
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #end: Promise<Outcome> | undefined;
  #text = '';

  constructor(part: 'orchestrator' | 'agent', data: string, env: Readonly<Record<string, string>> = {}) {
    this.#part = part;
    this.data = data;
    this.#env = { FORTFAIL_DATA: data, LOG_LEVEL: 'info', ...env };
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  /** All that it said since the first start. */
  get text(): string {
    return this.#text;
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<void> {
    const child = begin(program(this.#part), [], { env: this.#env });
    let isReady = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text;
        isReady ||= text.includes('"ready":true');
      });
    }
    const end = ended(child);
    this.#child = child;
    this.#end = end;
    let hasEnded = false;
    const seen = end.then(() => {
      hasEnded = true;
    });
    await until(`the ${this.#part} of ${this.data} to be ready`, () => {
      if (hasEnded) throw new Error(`it ended:\n${this.#text}`);
      return isReady || undefined;
    });
    void seen;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill(signal);
    await this.#end;
  }
}

/** What stands before several orchestrators: a socket that leads to one of them, another when that one is down. */
export class Balancer implements AsyncDisposable {
  readonly #targets: readonly string[];
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #turn = 0;

  private constructor(targets: readonly string[]) {
    this.#targets = targets;
    this.#server = createServer((incoming) => this.#lead(incoming, this.#targets.length));
  }

  /** Listens where an agent of that data folder looks for its orchestrator. */
  static async open(data: string, targets: readonly string[]): Promise<Balancer> {
    mkdirSync(join(data, 'run'), { recursive: true, mode: 0o700 });
    const balancer = new Balancer(targets);
    await new Promise<void>((resolve) => balancer.#server.listen(join(data, 'run', 'orchestrator.sock'), resolve));
    return balancer;
  }

  #lead(incoming: Socket, tries: number): void {
    this.#turn += 1;
    const outgoing = connect(this.#targets[this.#turn % this.#targets.length] ?? '');
    let isOpen = false;
    outgoing.on('connect', () => {
      isOpen = true;
      incoming.pipe(outgoing).pipe(incoming);
    });
    outgoing.on('error', () => {
      if (!isOpen && tries > 1) this.#lead(incoming, tries - 1);
      else incoming.destroy();
    });
    outgoing.on('close', () => {
      this.#open.delete(outgoing);
      if (isOpen) incoming.destroy();
    });
    incoming.on('error', () => outgoing.destroy());
    incoming.on('close', () => {
      this.#open.delete(incoming);
      outgoing.destroy();
    });
    this.#open.add(incoming).add(outgoing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}

/** A browser's stream of events: when it breaks, it goes on at another orchestrator from the last number it saw. */
export class Listener implements Disposable {
  readonly seen: number[] = [];
  readonly #sockets: readonly string[];
  #after: number;
  #turn = 0;
  #socket: WebSocket | undefined;
  #isClosed = false;
  resets = 0;
  moves = 0;

  constructor(sockets: readonly string[], after: number) {
    this.#sockets = sockets;
    this.#after = after;
    this.#open();
  }

  #open(): void {
    if (this.#isClosed) return;
    const path = this.#sockets[this.#turn % this.#sockets.length] ?? '';
    this.#turn += 1;
    const socket = new WebSocket(`ws://localhost/api/v1/events?after=${this.#after}`, { createConnection: () => connect(path) });
    this.#socket = socket;
    socket.on('message', (data: WebSocket.RawData) => this.#take(JSON.parse(data.toString()) as { type: string; seq: number | null }));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.moves += 1;
      setTimeout(() => this.#open(), 50);
    });
  }

  #take({ type, seq }: { type: string; seq: number | null }): void {
    if (type === 'reset') this.resets += 1;
    if (type !== 'changed' || seq === null) return;
    this.seen.push(seq);
    this.#after = seq;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#socket?.terminate();
  }
}

export const clientOf = (data: string): LocalClient => new LocalClient(join(data, 'run', 'orchestrator.sock'));
