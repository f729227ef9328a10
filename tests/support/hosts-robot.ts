import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { AgentFrame } from '@fortfail/protocol';
import { SigningKey, signOrder } from '@fortfail/trust';
import { type WebSocket, WebSocketServer } from 'ws';
import { patienceMs } from './hosts.ts';
import { until } from './site.ts';

type Outcome = Extract<AgentFrame, { type: 'outcome' }>;

/** What may be other than the robot would write it: of the signed order, of the frame around it, or its signer. */
export interface Otherwise {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly frame?: Readonly<Record<string, unknown>>;
  readonly key?: SigningKey;
  /** In place of the signed text. */
  readonly order?: string;
}

/**
 * Whoever stole an orchestrator: has the keys of its data folder, answers at its address, and says what it likes. Takes every
 * hello, acknowledges every letter, and keeps each word it hears.
 */
export class Robot implements AsyncDisposable {
  readonly linkKey: SigningKey;
  readonly evidenceKey: SigningKey;
  readonly siteId: string;
  readonly agentId: string;
  /** Every text that arrived. */
  readonly heard: string[] = [];
  readonly #outcomes = new Map<string, Outcome>();
  readonly #answers = new Map<string, Extract<AgentFrame, { type: 'answer' }>>();
  readonly #server: Server;
  #socket: WebSocket | undefined;
  #sequence = 0;
  /** Number of the last order sent. */
  n = 0;
  connections = 0;

  private constructor(data: string, siteId: string, agentId: string) {
    const read = (...path: string[]): string => readFileSync(join(data, ...path), 'utf8');
    this.linkKey = SigningKey.fromOpenSsh(read('keys', 'link.key'));
    this.evidenceKey = SigningKey.fromOpenSsh(read('keys', 'evidence.key'));
    this.siteId = siteId;
    this.agentId = agentId;
    this.#server = createServer({ cert: read('tls', 'server.pem'), key: read('tls', 'server.key') }, (_request, answer) => {
      answer.writeHead(404).end();
    });
    const sockets = new WebSocketServer({ server: this.#server, path: '/agent-link' });
    sockets.on('connection', (socket) => this.#greet(socket));
  }

  static async open(data: string, who: { siteId: string; agentId: string; address: string; port: number }): Promise<Robot> {
    const robot = new Robot(data, who.siteId, who.agentId);
    await new Promise<void>((resolve, reject) => robot.#server.once('error', reject).listen(who.port, who.address, resolve));
    return robot;
  }

  #greet(socket: WebSocket): void {
    this.#socket = socket;
    this.#sequence = 0;
    socket.on('message', (data) => this.#hear(data.toString()));
    socket.on('error', () => undefined);
    this.send({ type: 'challenge', nonce: randomBytes(16).toString('hex'), site: this.siteId });
  }

  #hear(text: string): void {
    this.heard.push(text);
    const frame = JSON.parse(text) as AgentFrame;
    if (frame.type === 'hello') {
      this.n = Math.max(this.n, frame.lastOrder ?? 0);
      this.connections += 1;
      this.send({ type: 'welcome', agentId: this.agentId, site: 'robot', leaseSeconds: 30, revoked: [] });
    }
    if (frame.type === 'outcome') this.#outcomes.set(frame.jobId, frame);
    if (frame.type === 'answer') this.#answers.set(frame.id, frame);
    if ('outboxId' in frame) this.send({ type: 'ack', outboxId: frame.outboxId });
  }

  /** A frame, whatever it is. */
  send(frame: object): void {
    this.#sequence += 1;
    this.sendText(JSON.stringify({ v: 1, seq: this.#sequence, ...frame }));
  }

  sendText(text: string): void {
    this.#socket?.send(text);
  }

  newJobId(): string {
    return `job_${randomBytes(8).toString('hex')}`;
  }

  /** Sends an order, signed by the link key unless said otherwise; answers its job. */
  async order(payload: object, otherwise: Otherwise = {}): Promise<string> {
    const jobId = this.newJobId();
    this.n += 1;
    const iat = Math.floor(Date.now() / 1000);
    const kind = 'kind' in payload ? payload.kind : 'backup';
    const claims = { iss: this.siteId, aud: this.agentId, jti: jobId, n: this.n, kind, payload, fence: 1, iat, exp: iat + 3600 };
    const order = otherwise.order ?? (await signOrder(otherwise.key ?? this.linkKey, { ...claims, ...otherwise.claims }));
    const frame = { type: 'lease', jobId, fence: 1, attempt: 1, kind, order, until: new Date(Date.now() + 30_000).toISOString() };
    this.send({ ...frame, ...otherwise.frame });
    return jobId;
  }

  outcome(jobId: string): Promise<Outcome> {
    return until(`what came of ${jobId}`, () => this.#outcomes.get(jobId), patienceMs);
  }

  /** Orders it and waits for what comes of it. */
  async ordered(payload: object, otherwise: Otherwise = {}): Promise<Outcome> {
    return await this.outcome(await this.order(payload, otherwise));
  }

  /** Asks a question and waits for the answer. */
  async asked(question: object): Promise<Extract<AgentFrame, { type: 'answer' }>> {
    const id = randomBytes(8).toString('hex');
    this.send({ type: 'ask', id, question });
    return await until(`an answer to ${JSON.stringify(question).slice(0, 200)}`, () => this.#answers.get(id), patienceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
