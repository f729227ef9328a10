import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { type AgentFrame, agentFrame, type JobOrder, type JobPayload, linkVersion, type OrchestratorFrame } from '@fortfail/protocol';
import { SigningKey, signOrder } from '@fortfail/trust';
import { type WebSocket, WebSocketServer } from 'ws';

/** An agent's connection, by whatever carrier. */
export interface Peer {
  send(text: string): void;
  terminate(): void;
}

type Sent = OrchestratorFrame extends infer F ? (F extends OrchestratorFrame ? Omit<F, 'v' | 'seq'> : never) : never;
/** A lease before its order is signed. */
export type TestLease = Omit<Extract<Sent, { type: 'lease' }>, 'order'> & { readonly payload: JobPayload };
type Frame<T extends AgentFrame['type']> = Extract<AgentFrame, { type: T }>;

export interface FakeOrchestratorOptions {
  /** Does not acknowledge outcomes, as one that died before its commit. */
  readonly keepsAcks?: boolean;
  readonly agentId?: string;
}

export const testAgentId = 'agt_00000000000000aa';

/**
 * A mock of the orchestrator's end of the link, on a real unix socket: welcomes, acknowledges, writes down every frame
 * (checked against the protocol) and sends what a test tells it to, leases signed. It keeps no state of jobs.
 */
export class FakeOrchestrator implements AsyncDisposable {
  readonly frames: AgentFrame[] = [];
  /** What did not fit the protocol; a test expects it empty. */
  readonly misfits: string[] = [];
  revoked: { jobId: string; fence: number }[] = [];
  keepsAcks: boolean;
  /** Signs orders; the welcome names it. */
  readonly linkKey = SigningKey.generate();
  /** Number of the last order. */
  orderNumber = 0;
  readonly #socketPath: string;
  readonly agentId: string;
  /** The site's name in its orders. */
  siteId = 'test';
  /** Sent with each welcome. */
  roster: { text: string; signature: string } | null = null;
  #server: Server | undefined;
  #sockets = new Set<Peer>();
  #sequence = 0;
  #sending: Promise<void> = Promise.resolve();
  #watchers: (() => void)[] = [];

  constructor(socketPath: string, options: FakeOrchestratorOptions = {}) {
    this.#socketPath = socketPath;
    this.keepsAcks = options.keepsAcks === true;
    this.agentId = options.agentId ?? testAgentId;
  }

  async listen(): Promise<this> {
    mkdirSync(dirname(this.#socketPath), { recursive: true, mode: 0o700 });
    await rm(this.#socketPath, { force: true });
    const server = createServer();
    const sockets = new WebSocketServer({ server, path: '/agent-link' });
    sockets.on('connection', (socket) => this.accept(socket));
    await new Promise<void>((resolve) => server.listen(this.#socketPath, resolve));
    this.#server = server;
    return this;
  }

  /** Ends without a word to anyone, as a killed process. */
  async die(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.clear();
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** In the order of the calls; a lease is signed under the next number on its way. */
  send(frame: Exclude<Sent, { type: 'lease' }> | TestLease): void {
    this.#inTurn(async () => {
      const ready = frame.type === 'lease' ? await this.signed(frame) : frame;
      this.#sequence += 1;
      for (const socket of this.#sockets) socket.send(JSON.stringify({ v: linkVersion, seq: this.#sequence, ...ready }));
    });
  }

  sendText(text: string): void {
    this.#inTurn(async () => {
      for (const socket of this.#sockets) socket.send(text);
    });
  }

  /** The lease with an order that says the same, but for what a test wants otherwise. */
  async signed(
    { payload, ...lease }: TestLease,
    otherwise: Partial<JobOrder> = {},
    key = this.linkKey,
  ): Promise<Extract<Sent, { type: 'lease' }>> {
    this.orderNumber += 1;
    const iat = Math.floor(performance.timeOrigin / 1000);
    const { jobId: jti, fence, kind } = lease;
    const order = {
      iss: this.siteId,
      aud: this.agentId,
      jti,
      n: this.orderNumber,
      kind,
      payload,
      fence,
      iat,
      exp: iat + 100 * 365 * 86_400,
    };
    return { ...lease, order: await signOrder(key, { ...order, ...otherwise }) };
  }

  #inTurn(work: () => Promise<void>): void {
    this.#sending = this.#sending.then(work);
  }

  of<T extends AgentFrame['type']>(type: T): Frame<T>[] {
    return this.frames.filter((frame): frame is Frame<T> => frame.type === type);
  }

  /** Resolves as soon as it holds, looked at after every frame that arrives and every connection that ends. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  /** The first frame of that type (after `skip` others). */
  async next<T extends AgentFrame['type']>(type: T, skip = 0): Promise<Frame<T>> {
    await this.until(() => this.of(type).length > skip);
    const frame = this.of(type)[skip];
    if (frame === undefined) throw new Error('a frame that was there is gone');
    return frame;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
  }

  /** Talks over a WebSocket. */
  protected accept(socket: WebSocket): void {
    this.join(socket);
    socket.on('close', () => this.leave(socket));
    socket.on('message', (data) => this.hear(socket, data.toString()));
  }

  protected join(peer: Peer): void {
    this.#sockets.add(peer);
  }

  protected leave(peer: Peer): void {
    this.#sockets.delete(peer);
    this.#wake();
  }

  protected hear(peer: Peer, text: string): void {
    const frame = agentFrame.safeParse(JSON.parse(text));
    if (!frame.success) this.misfits.push(`${frame.error.message}: ${text}`);
    else this.#answer(peer, frame.data);
    this.#wake();
  }

  /** A frame of ours to one peer, numbered. */
  protected sendTo(peer: Peer, frame: object): void {
    this.#sequence += 1;
    peer.send(JSON.stringify({ v: linkVersion, seq: this.#sequence, ...frame }));
  }

  #answer(peer: Peer, frame: AgentFrame): void {
    this.frames.push(frame);
    if (frame.type === 'hello') {
      const { agentId, revoked, roster } = this;
      const linkKeys = [this.linkKey.publicLine];
      this.sendTo(peer, { type: 'welcome', agentId, site: 'test', leaseSeconds: 30, revoked, linkKeys, roster });
    } else if ('outboxId' in frame && !this.keepsAcks) {
      this.sendTo(peer, { type: 'ack', outboxId: frame.outboxId });
    }
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const wake of watchers) wake();
  }
}
