import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent, Job, JoinString } from '@fortfail/protocol';
import type { LocalClient } from '../../apps/cli/src/client/local-client.ts';
import type { HostNetwork } from './hosts-network.ts';
import { begin, ended, fortfail, must, type Outcome, type Program, root, run } from './programs.ts';
import { until } from './site.ts';

export const nobody = 65_534;
/** Two cores are shared with others: only what never comes is late. */
export const patienceMs = 120_000;
export const endings: readonly Job['status'][] = ['succeeded', 'partial', 'failed', 'cancelled'];

export interface HostOptions {
  readonly network?: HostNetwork;
  /** The user that the agent runs as. */
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Runs the agent instead of `fortfail agent`. */
  readonly program?: Program;
}

/** What `--json` printed, the last line of it. */
export function printed<T>(outcome: Outcome): T {
  return JSON.parse(outcome.stdout.trim().split('\n').at(-1) ?? '') as T;
}

/** One host besides the site's: a data folder and a policy of its own, a user, and where namespaces work a network. */
export class Host {
  readonly name: string;
  readonly folder: string;
  readonly data: string;
  readonly policy: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #options: HostOptions;
  #child: ChildProcess | undefined;
  #end: Promise<Outcome> | undefined;
  #text = '';

  constructor(parent: string, name: string, options: HostOptions = {}) {
    this.name = name;
    this.folder = join(parent, name);
    this.data = join(this.folder, 'data');
    this.policy = join(this.folder, 'etc', 'policy.json');
    this.#options = options;
    mkdirSync(join(this.folder, 'etc'), { recursive: true });
    chmodSync(this.folder, 0o755);
    const { uid } = options;
    if (uid !== undefined) for (const path of [this.folder, join(this.folder, 'etc')]) chownSync(path, uid, uid);
    this.env = {
      FORTFAIL_DATA: this.data,
      FORTFAIL_POLICY: this.policy,
      HOME: this.folder,
      NODE_COMPILE_CACHE: join(this.folder, 'compiled'),
      ...options.env,
    };
  }

  /** The command line as it runs on this host. */
  get program(): Program {
    return this.#inside(fortfail);
  }

  #inside(program: Program): Program {
    const { network, uid } = this.#options;
    if (network !== undefined) return network.program(this.name, program, uid);
    if (uid === undefined) return program;
    const user = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', program.file, ...program.before];
    return { name: program.name, file: user[0] ?? '', before: user.slice(1) };
  }

  /** A command typed on this host. */
  do(args: readonly string[], options: { readonly input?: string; readonly code?: number } = {}): Promise<Outcome> {
    const { input, code = 0 } = options;
    return must(this.program, args, { env: this.env, ...(input === undefined ? {} : { input }) }, code);
  }

  try(args: readonly string[], input = ''): Promise<Outcome> {
    return run(this.program, args, { env: this.env, input });
  }

  async enrol(joinString: string): Promise<{ agentId: string; words: string[]; status: string; owner: string | null }> {
    return printed(await this.do(['agent', 'enrol', '--json'], { input: joinString }));
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** All that its agent said since the first start. */
  get text(): string {
    return this.#text;
  }

  /** Starts the agent and waits until it says that it is ready. */
  async start(): Promise<void> {
    const { program } = this.#options;
    const child = begin(this.#inside(program ?? fortfail), program === undefined ? ['agent'] : [], { env: this.env });
    let isReady = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text;
        isReady ||= text.includes('"ready":true');
      });
    }
    this.#child = child;
    let hasEnded = false;
    this.#end = ended(child).finally(() => {
      hasEnded = true;
    });
    await until(
      `the agent of ${this.name} to be ready`,
      () => {
        if (hasEnded) throw new Error(`it ended:\n${this.#text}`);
        return isReady || undefined;
      },
      patienceMs,
    );
  }

  /** Ends the agent, by default as a power cut does. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill(signal);
    await this.#end;
  }
}

/** What tests ask a site, with the waiting that goes with it. */
export class SiteTalk {
  readonly client: LocalClient;

  constructor(client: LocalClient) {
    this.client = client;
  }

  async joinString(body: { hostname?: string } = {}): Promise<JoinString> {
    return await this.client.ask('createJoinString', { body });
  }

  async agent(agentId: string): Promise<Agent> {
    return await this.client.ask('getAgent', { params: { agentId } });
  }

  agentBecomes(agentId: string, what: string, is: (agent: Agent) => boolean): Promise<Agent> {
    return until(
      `agent ${agentId} to be ${what}`,
      async () => {
        const seen = await this.agent(agentId);
        return is(seen) ? seen : undefined;
      },
      patienceMs,
    );
  }

  connected(agentId: string): Promise<Agent> {
    return this.agentBecomes(agentId, 'connected', ({ connected }) => connected);
  }

  /** A repository that the agent makes, once it is ready. */
  async repository(name: string, path: string, agentId: string): Promise<string> {
    const { repository, job } = await this.client.ask('createRepository', { body: { name, path, agentId } });
    const end = await this.settled(job.id);
    if (end.status !== 'succeeded') throw new Error(`repository ${name} was not made: ${JSON.stringify(end)}`);
    return repository.id;
  }

  /** A plan for these paths that is never due by itself. */
  async plan(name: string, repositoryId: string, paths: string[], cron = '0 0 1 1 *'): Promise<string> {
    const body = {
      name,
      source: { kind: 'files' as const, paths },
      repositoryId,
      schedule: { cron },
      keep: { last: 10 },
      promise: { rpoSeconds: 31_536_000, rtoSeconds: 3600 },
    };
    return (await this.client.ask('createPlan', { body })).id;
  }

  /** The job once it has ended, over the moments in which the site is down. */
  settled(jobId: string): Promise<Job> {
    return until(
      `job ${jobId} to end`,
      async () => {
        const seen = await this.client.ask('getJob', { params: { jobId } }).catch(() => undefined);
        return seen !== undefined && endings.includes(seen.status) ? seen : undefined;
      },
      patienceMs,
    );
  }

  /** Backs up now; answers the newest point. */
  async backUp(planId: string): Promise<string> {
    const { job } = await this.client.ask('backUp', { params: { planId } });
    const end = await this.settled(job.id);
    if (end.status !== 'succeeded') throw new Error(`backup ended ${JSON.stringify(end)}`);
    const [point] = (await this.client.ask('listRestorePoints', { query: { planId } })).items;
    return point?.id ?? '';
  }
}

/** The agent's own program, so that a kill hits it and nothing starts it again. */
export const bareAgent: Program = { name: 'agent', file: process.execPath, before: [join(root, 'apps', 'agent', 'src', 'main.ts')] };
