import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { type AgentFrame, enrolmentRequest, renewalRequest } from '@fortfail/protocol';
import { encodeJoinString, readRequestProof } from '@fortfail/trust';
import {
  type CertificateAndKey,
  caFingerprint,
  createSiteCa,
  issueAgentCertificate,
  issueServerCertificate,
  readCsr,
} from '@fortfail/trust/certificates';
import { type WebSocket, WebSocketServer } from 'ws';
import { FakeOrchestrator, type Peer } from './fake-orchestrator.ts';

export interface FakeSiteOptions {
  /** A proxy in front that knows no upgrades. */
  readonly refusesUpgrades?: boolean;
}

interface Polling extends Peer {
  readonly id: string;
  readonly waiting: { seq: number }[];
  news: () => void;
  received: number;
}

/**
 * A mock of a site elsewhere, over real TLS: its own authority, enrolment, the challenge of the link, long polls. Proofs are
 * verified as the site does; it keeps no state of jobs.
 */
export class FakeSite extends FakeOrchestrator {
  ca: CertificateAndKey = { certificate: '', privateKey: '' };
  port = 0;
  /** Where agents reach it, when something is in between. */
  publicPort: number | undefined;
  /** Comes back with another authority, as somebody who only pretends to be it. */
  renewsAuthority = false;
  refusesUpgrades: boolean;
  /** What is left of the proofs' thumbprints: only this key is let in. */
  thumbprint: string | undefined;
  /** Answers of the enrolment, in order: the real one unless a test says otherwise. */
  enrolments: unknown[] = [];
  renewals: { requestId: string; generation: number }[] = [];
  generation = 1;
  certificateDays = 30;
  /** Closes every conversation with this code instead of a welcome. */
  refusal: number | undefined;
  /** Answers proofs without one of its nonces by a nonce, as for a clock that is wrong. */
  wantsNonce = false;
  /** Loses the answer of so many enrolments or renewals. */
  losesAnswers = 0;
  /** Takes enrolments in and does not answer. */
  holdsAnswers = false;
  polls = 0;
  #https: Server | undefined;
  #polling = new Map<string, Polling>();
  #onEnrolment: () => void = () => undefined;

  constructor(options: FakeSiteOptions = {}) {
    super('');
    this.siteId = 'site-1';
    this.refusesUpgrades = options.refusesUpgrades === true;
  }

  get url(): string {
    return `https://localhost:${this.publicPort ?? this.port}`;
  }

  override async listen(): Promise<this> {
    const now = new Date();
    if (this.port === 0 || this.renewsAuthority) this.ca = await createSiteCa({ siteId: this.siteId, now });
    const leaf = await issueServerCertificate(this.ca, { names: ['localhost'], now });
    const server = createServer({
      cert: leaf.certificate,
      key: leaf.privateKey,
      ca: this.ca.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    });
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      if (this.refusesUpgrades) return void socket.end('HTTP/1.1 426 Upgrade Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      sockets.handleUpgrade(request, socket, head, (opened) => this.#challenge(opened));
    });
    server.on('request', (request, response) => void this.#respond(request, response));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.#https = server;
    return this;
  }

  override async die(): Promise<void> {
    await super.die();
    for (const polling of this.#polling.values()) polling.news();
    this.#polling.clear();
    const server = this.#https;
    this.#https = undefined;
    server?.closeAllConnections();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Resolves once an enrolment was asked for. */
  async untilEnrolled(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onEnrolment = resolve;
    });
  }

  /** A join string for it. */
  joinString(changes: object = {}): string {
    const x = Math.floor(performance.timeOrigin / 1000) + 3600;
    return encodeJoinString({ u: this.url, c: caFingerprint(this.ca.certificate) as 'system', t: 'T'.repeat(27), x, ...changes });
  }

  #challenge(socket: WebSocket): void {
    const nonce = `nonce-${this.polls}-${this.frames.length}`;
    this.sendTo(socket, { type: 'challenge', nonce, site: this.siteId });
    socket.once('message', async (data) => {
      const frame = JSON.parse(data.toString()) as Extract<AgentFrame, { type: 'hello' }>;
      const now = new Date();
      const proof = await readRequestProof(frame.proof ?? '', { method: 'GET', url: `${this.url}/agent-link`, nonce, now }).catch(
        () => undefined,
      );
      if (this.refusal !== undefined) return socket.close(this.refusal, 'not welcome');
      if (proof === undefined || proof.thumbprint !== this.thumbprint) return socket.close(4401, 'unknown');
      this.accept(socket);
      this.hear(socket, data.toString());
    });
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const answer = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(value));
    };
    if (request.url === '/ca.pem') return void response.end(this.ca.certificate);
    if (request.url === '/api/v1/enrolments') return await this.#enrol(JSON.parse(body.toString()), response, answer);
    const problem = await this.#unproven(request, body);
    if (problem !== undefined) return answer(401, problem.body, problem.headers);
    if (request.url === '/api/v1/agents/self/renewal') return await this.#renew(JSON.parse(body.toString()), response, answer);
    if (request.url === '/agent-link/poll') return await this.#poll(JSON.parse(body.toString()), answer);
    answer(404, {});
  }

  async #enrol(value: unknown, response: ServerResponse, answer: (status: number, value: unknown) => void): Promise<void> {
    const request = enrolmentRequest.parse(value);
    this.enrolments.push(value);
    this.thumbprint = (await readCsr(request.csr)).thumbprint;
    this.#onEnrolment();
    if (this.holdsAnswers) return;
    if (this.losesAnswers > 0) {
      this.losesAnswers -= 1;
      return void response.destroy();
    }
    answer(201, {
      agentId: this.agentId,
      site: { id: this.siteId, name: 'Home' },
      status: 'active',
      certificate: await this.#certify(request.csr),
      ca: this.ca.certificate,
      linkKeys: [this.linkKey.publicLine],
      generation: 1,
      roster: this.roster,
    });
  }

  async #renew(value: unknown, response: ServerResponse, answer: (status: number, value: unknown) => void): Promise<void> {
    const request = renewalRequest.parse(value);
    if (this.renewals.at(-1)?.requestId !== request.requestId) this.generation += 1;
    this.renewals.push({ requestId: request.requestId, generation: request.generation });
    if (this.losesAnswers > 0) {
      this.losesAnswers -= 1;
      return void response.destroy();
    }
    const { ca, linkKey, generation, roster } = this;
    const certificate = await this.#certify(request.csr);
    answer(200, { certificate, ca: ca.certificate, linkKeys: [linkKey.publicLine], generation, roster });
  }

  async #certify(csr: string): Promise<string> {
    const { siteId, agentId, certificateDays: days } = this;
    return await issueAgentCertificate(this.ca, csr, { siteId, agentId, now: new Date(), days });
  }

  async #unproven(request: IncomingMessage, body: Buffer): Promise<{ body: unknown; headers: Record<string, string> } | undefined> {
    const nonce = this.wantsNonce ? 'nonce-of-the-site' : undefined;
    const { dpop } = request.headers;
    const question = { method: request.method ?? '', url: `${this.url}${request.url}`, body, nonce, now: new Date() };
    const proof = await readRequestProof(String(dpop), question).catch(() => undefined);
    const isKnown = proof?.thumbprint === this.thumbprint && request.headers.authorization === `DPoP ${this.agentId}`;
    if (proof !== undefined && isKnown && this.refusal === undefined) return undefined;
    const code = this.refusal === 4403 ? 'agent-revoked' : 'agent-unknown';
    const problem = {
      type: 'about:blank',
      title: 'x',
      status: 401,
      detail: 'unable to accept this agent',
      kind: 'denied',
      code,
      requestId: 'r',
    };
    return { body: problem, headers: nonce === undefined ? {} : { 'dpop-nonce': nonce } };
  }

  async #poll(
    asked: { session: string | null; frames: { seq: number }[]; acked: number },
    answer: (status: number, value: unknown) => void,
  ): Promise<void> {
    this.polls += 1;
    const polling = asked.session === null ? this.#begin() : this.#polling.get(asked.session);
    if (polling === undefined) return answer(404, {});
    while (polling.waiting[0] !== undefined && polling.waiting[0].seq <= asked.acked) polling.waiting.shift();
    for (const frame of asked.frames) {
      if (frame.seq <= polling.received) continue;
      polling.received = frame.seq;
      this.hear(polling, JSON.stringify(frame));
    }
    if (asked.frames.length === 0 && polling.waiting.length === 0)
      await new Promise<void>((resolve) => {
        polling.news = resolve;
      });
    answer(200, { session: polling.id, frames: polling.waiting });
  }

  #begin(): Polling {
    const polling: Polling = {
      id: `session-${this.polls}`,
      waiting: [],
      received: 0,
      news: () => undefined,
      send: (text) => {
        polling.waiting.push(JSON.parse(text) as { seq: number });
        polling.news();
      },
      terminate: () => void this.#polling.delete(polling.id),
    };
    this.#polling.set(polling.id, polling);
    this.join(polling);
    return polling;
  }
}

/** A wire between two ends that a test can cut: what goes through it stops, without a word to either. */
export class CuttableWire implements AsyncDisposable {
  readonly #target: () => number;
  #server: TcpServer | undefined;
  #sockets = new Set<Socket>();
  port = 0;
  isCut = false;

  constructor(target: () => number) {
    this.#target = target;
  }

  async listen(): Promise<this> {
    const server = createTcpServer((socket) => {
      const onwards = connectTcp(this.#target(), '127.0.0.1');
      for (const one of [socket, onwards]) {
        this.#sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => this.#sockets.delete(one));
      }
      if (this.isCut) return void socket.destroy();
      socket.pipe(onwards).pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    const server = this.#server;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
