import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, noLogger, Secret, systemClock } from '@fortfail/base';
import { type Agent, startAgent } from '../agent.ts';
import { type AgentConfig, readConfig } from '../config.ts';
import { type Enrolled, type EnrolOptions, enrol } from '../enrol/enrol.ts';
import type { PerformJob } from '../jobs/job-context.ts';
import type { TestLease } from './fake-orchestrator.ts';

/** A data folder of its own, thrown away at the end (FORTFAIL_TEST_KEEP=1 keeps it). */
export class AgentFixture implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ffa-'));
  readonly policyPath = join(this.folder, 'policy.json');
  readonly config: AgentConfig = readConfig({
    FORTFAIL_DATA: join(this.folder, 'data'),
    FORTFAIL_AGENT_JOBS: '2',
    FORTFAIL_POLICY: this.policyPath,
  });
  #agents: Agent[] = [];

  async start(perform?: PerformJob, clock: Clock = systemClock): Promise<Agent> {
    const agent = await startAgent({ config: this.config, clock, logger: noLogger, version: '0.0.0', perform });
    this.#agents.push(agent);
    return agent;
  }

  /** Writes the host's policy; fields that are not given have their defaults. */
  policy(fields: object): void {
    writeFileSync(this.policyPath, JSON.stringify({ v: 1, ...fields }), { mode: 0o600 });
  }

  /** Makes this host an agent of a site. */
  async enrol(joinString: string, changes: Partial<EnrolOptions> = {}): Promise<Enrolled> {
    const { agentFolder, hostname } = this.config;
    const signal = new AbortController().signal;
    const options = { agentFolder, hostname, version: '0.0.0', replace: false, allowPlain: false, clock: systemClock, signal };
    return await enrol({ ...options, joinString: new Secret(joinString), ...changes });
  }

  async stop(agent: Agent): Promise<void> {
    this.#agents = this.#agents.filter((other) => other !== agent);
    await agent[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) await agent[Symbol.asyncDispose]();
    if (process.env.FORTFAIL_TEST_KEEP !== '1') rmSync(this.folder, { recursive: true, force: true });
  }
}

export const jobNumber = (number: number): string => `job_${number.toString(16).padStart(16, '0')}`;

/** A lease as the orchestrator sends it; a check of a repository named after `repository`. */
export function checkLease(number: number, fence = 1, repository = 'rep_0000000000000001'): TestLease {
  const reference = { id: repository, name: 'main', location: '/nowhere' };
  return {
    type: 'lease',
    jobId: jobNumber(number),
    fence,
    attempt: fence,
    kind: 'check',
    payload: { kind: 'check', repository: reference, readData: false },
    until: '2026-11-21T10:00:00Z',
  };
}

/** The same for a backup, which writes. */
export function backupLease(number: number, fence = 1, repository = 'rep_0000000000000001'): TestLease {
  const reference = { id: repository, name: 'main', location: '/nowhere' };
  const source = { kind: 'files' as const, paths: ['/nowhere'], excludes: [] };
  const payload = { kind: 'backup' as const, repository: reference, planId: 'pln_0000000000000001', planName: 'p', source, tags: [] };
  return { ...checkLease(number, fence), kind: 'backup', payload };
}
