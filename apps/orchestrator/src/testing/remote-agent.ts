import type { AgentFrame, Enrolment, OrchestratorFrame } from '@fortfail/protocol';
import { decodeJoinString, generateSealingKey, IdentityKey, SigningKey, signRequestProof } from '@fortfail/trust';
import { makeCsr } from '@fortfail/trust/certificates';
import type { WebSocket } from 'ws';
import { type Answer, type TestSite, testUrl } from './test-site.ts';

type Sent = AgentFrame extends infer F ? (F extends AgentFrame ? Omit<F, 'v' | 'seq'> : never) : never;
type Hello = Extract<AgentFrame, { type: 'hello' }>;
type Frame<T extends OrchestratorFrame['type']> = Extract<OrchestratorFrame, { type: T }>;

/** What a test makes different from a proof that is right. */
export interface ProofTwist {
  readonly at?: Date;
  readonly nonce?: string;
  readonly path?: string;
  /** Of another door than the public address. */
  readonly origin?: string;
  readonly method?: string;
  readonly body?: string;
  readonly key?: IdentityKey;
  /** A proof made before, to be used again. */
  readonly proof?: string;
  readonly agentId?: string;
}

/** An agent of another host, played by a test: real keys and proofs, no engine. */
export class RemoteAgent {
  readonly site: TestSite;
  readonly hostname: string;
  readonly identity: IdentityKey;
  readonly sealing: string;
  readonly signing: SigningKey;
  agentId = '';
  generation = 0;
  machine = 'aaaa.bbbb';
  enrolment: Enrolment | undefined;

  private constructor(site: TestSite, hostname: string, identity: IdentityKey, sealing: string) {
    this.site = site;
    this.hostname = hostname;
    this.identity = identity;
    this.sealing = sealing;
    this.signing = SigningKey.generate();
  }

  static async make(site: TestSite, hostname = 'web1'): Promise<RemoteAgent> {
    const { recipient } = await generateSealingKey();
    return new RemoteAgent(site, hostname, await IdentityKey.generate(), recipient);
  }

  /** A new host that has enrolled with a fresh join string. */
  static async enrolled(site: TestSite, hostname = 'web1'): Promise<RemoteAgent> {
    const agent = await RemoteAgent.make(site, hostname);
    const answer = await agent.enrol(await joinToken(site));
    if (answer.status !== 201) throw new Error(`not enrolled: ${JSON.stringify(answer.body)}`);
    return agent;
  }

  async enrol(token: string, changes: object = {}): Promise<Answer<Enrolment & { code: string }>> {
    const body = {
      token,
      csr: await makeCsr(this.identity, 'agt_ffffffffffffffff'),
      sealing: this.sealing,
      signing: this.signing.publicLine,
      hostname: this.hostname,
      machine: this.machine,
      version: '0.1.0',
      ...changes,
    };
    const answer = await this.site.outside<Enrolment & { code: string }>('POST', '/api/v1/enrolments', body);
    if (answer.status === 201) {
      this.enrolment = answer.body;
      this.agentId = answer.body.agentId;
      this.generation = answer.body.generation;
    }
    return answer;
  }

  /** A request with this agent's proof. */
  async ask<T>(method: 'GET' | 'POST', path: string, body?: object, twist: ProofTwist = {}): Promise<Answer<T>> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const proof = twist.proof ?? (await this.prove(method, path, text, twist));
    const headers = { authorization: `DPoP ${twist.agentId ?? this.agentId}`, dpop: proof };
    return this.site.outside(method, path, body, headers);
  }

  async prove(method: string, path: string, text: string | undefined, twist: ProofTwist = {}): Promise<string> {
    const body = twist.body ?? text;
    return signRequestProof(twist.key ?? this.identity, {
      method: twist.method ?? method,
      url: `${twist.origin ?? testUrl}${twist.path ?? path}`,
      body: body === undefined ? undefined : Buffer.from(body),
      nonce: twist.nonce,
      now: twist.at ?? this.site.clock.now(),
    });
  }

  async renew<T>(requestId: string, generation = this.generation, key = this.identity): Promise<Answer<T>> {
    return this.ask('POST', '/api/v1/agents/self/renewal', { requestId, generation, csr: await makeCsr(key, 'x') });
  }

  hello(changes: Partial<Hello> = {}): Omit<Hello, 'v' | 'seq'> {
    return {
      type: 'hello',
      agentId: this.agentId,
      instance: 'one',
      hostname: this.hostname,
      version: '0.1.0',
      isRoot: true,
      restoreRoot: '/restore',
      jobs: [],
      generation: this.generation,
      machine: this.machine,
      ...changes,
    };
  }

  /** Connects by WebSocket: answers the challenge unless `changes` has another proof. */
  async connect(changes: Partial<Hello> = {}, key = this.identity): Promise<RemoteLink> {
    const link = await RemoteLink.open(this.site);
    const { nonce } = await link.next('challenge');
    const proof = await signRequestProof(key, { method: 'GET', url: `${testUrl}/agent-link`, nonce, now: this.site.clock.now() });
    link.send({ ...this.hello({ proof, ...changes }) });
    return link;
  }
}

/** The token inside a fresh join string. */
export async function joinToken(site: TestSite, draft: object = {}): Promise<string> {
  const made = await site.local<{ joinString: string }>('POST', '/join-strings', draft);
  return decodeJoinString(made.body.joinString).t;
}

/** The agent's end of a WebSocket to the site. */
export class RemoteLink {
  readonly frames: OrchestratorFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  #sequence = 0;
  #onFrame: () => void = () => undefined;
  #isClosed = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) =>
      socket.on('close', (code: number, reason: Buffer) => {
        this.#isClosed = true;
        this.#onFrame();
        resolve({ code, reason: reason.toString() });
      }),
    );
  }

  static async open(site: TestSite): Promise<RemoteLink> {
    let link: RemoteLink | undefined;
    await site.app.injectWS(
      '/agent-link',
      { headers: { host: 'ff.test' } },
      {
        onInit: (socket) => {
          const made = new RemoteLink(socket);
          socket.on('message', (data: Buffer) => made.#take(data.toString()));
          link = made;
        },
      },
    );
    if (link === undefined) throw new Error('no socket');
    return link;
  }

  #take(text: string): void {
    this.frames.push(JSON.parse(text) as OrchestratorFrame);
    this.#onFrame();
  }

  send(frame: Sent): void {
    this.#sequence += 1;
    this.#socket.send(JSON.stringify({ v: 1, seq: this.#sequence, ...frame }));
  }

  /** Resolves once a frame of that type came, which then is taken. Throws when the connection ends before. */
  async next<T extends OrchestratorFrame['type']>(type: T): Promise<Frame<T>> {
    for (;;) {
      const index = this.frames.findIndex((frame) => frame.type === type);
      const [frame] = index < 0 ? [] : this.frames.splice(index, 1);
      if (frame !== undefined) return frame as Frame<T>;
      if (this.#isClosed) throw new Error(`closed before a frame '${type}' came: ${JSON.stringify(await this.closed)}`);
      await new Promise<void>((resolve) => {
        this.#onFrame = resolve;
      });
    }
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
