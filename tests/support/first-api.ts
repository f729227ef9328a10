import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { begin, ended, fortfail, type Outcome } from './programs.ts';
import { isAlive, until } from './site.ts';

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    }),
  );
}

/** A part started alone by `fortfail orchestrator` or `fortfail agent`, as compose and systemd do. */
export class LonePart {
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #end: Promise<Outcome> | undefined;
  #pid: number | undefined;
  #signal: (signal: NodeJS.Signals) => void = () => undefined;
  log = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#args = args;
    this.#env = env;
    onTestFinished(async () => {
      this.#signal('SIGTERM');
      await this.#end;
    });
  }

  /** Answers what it said when it was ready; throws when it is not. */
  async start(): Promise<Readonly<Record<string, unknown>>> {
    const said = await this.#begin();
    if (said.ready !== true) throw new Error(`it is not ready: ${JSON.stringify(said)}\n${this.log}`);
    return said;
  }

  async #begin(): Promise<Readonly<Record<string, unknown>>> {
    const child = begin(fortfail, this.#args, { env: this.#env });
    this.#signal = (signal) => void child.kill(signal);
    child.stderr?.on('data', (text: Buffer) => {
      this.log += text.toString();
    });
    const lines = createInterface({ input: child.stdout ?? process.stdin });
    const said = new Promise<Readonly<Record<string, unknown>>>((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));
    this.#end = ended(child);
    const ready = await Promise.race([
      said,
      this.#end.then((outcome) => {
        throw new Error(`it ended without a word: ${outcome.code}\n${this.log}`);
      }),
    ]);
    this.#pid = typeof ready.pid === 'number' ? ready.pid : undefined;
    return ready;
  }

  /** What it says when it will not start, and how it ends. */
  async refusal(): Promise<{ readonly said: Readonly<Record<string, unknown>>; readonly outcome: Outcome }> {
    const said = await this.#begin();
    return { said, outcome: await (this.#end ?? Promise.reject(new Error('not started'))) };
  }

  async kill(): Promise<void> {
    const pid = this.#pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await until('the part to be gone', () => !isAlive(pid) || undefined);
    await this.#end;
  }

  async stop(): Promise<Outcome | undefined> {
    this.#signal('SIGTERM');
    return await this.#end;
  }
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The requests of a client of the first API, header by header as Python's requests sends them. */
export class OldClient {
  readonly url: string;
  token: string | undefined;

  constructor(url: string) {
    this.url = url;
  }

  async ask(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const answer = await fetch(this.url + path, {
      method,
      headers: { 'User-Agent': 'python-requests/2.31.0', Accept: '*/*', ...this.#bearer(), ...json, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  }

  #bearer(): Record<string, string> {
    return this.token === undefined ? {} : { Authorization: `Bearer ${this.token}` };
  }

  async mint(secret: string, agentId?: string): Promise<Answered> {
    const { Authorization: _ } = this.#bearer();
    const answer = await this.ask('POST', '/auth/token', {
      registration_secret: secret,
      ...(agentId === undefined ? {} : { agent_id: agentId }),
    });
    if (answer.status === 200) this.token = String((answer.body as { token: string }).token);
    return answer;
  }

  async register(id: string, agentId: string, bytes: Buffer): Promise<Answered> {
    const checksum = createHash('sha256').update(bytes).digest('hex');
    return await this.ask('POST', '/snapshots', {
      id,
      agent_id: agentId,
      checksum,
      size: bytes.length,
      metadata: { backup_path: '/backups' },
    });
  }

  /** As requests' `files=` writes a form. */
  async upload(id: string, bytes: Buffer): Promise<Answered> {
    const boundary = '8b7c1f4f1f0e4a3c9d2e5b6a7f8090a1';
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${id}.tar"\r\n\r\n`;
    const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
    const answer = await fetch(`${this.url}/snapshots/${id}/object`, {
      method: 'POST',
      headers: {
        'User-Agent': 'python-requests/2.31.0',
        Accept: '*/*',
        ...this.#bearer(),
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
      },
      body,
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  }

  async download(id: string): Promise<{ readonly status: number; readonly headers: Headers; readonly bytes: Buffer }> {
    const answer = await fetch(`${this.url}/snapshots/${id}/object`, { headers: { ...this.#bearer() } });
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
  }
}
