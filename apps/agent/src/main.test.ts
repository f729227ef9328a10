import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AgentFixture, checkLease } from './testing/agent-fixture.ts';
import { FakeOrchestrator } from './testing/fake-orchestrator.ts';

const program = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Process {
  readonly child: ChildProcess;
  readonly said: Promise<Record<string, unknown>>;
  readonly ended: Promise<number | string>;
}

function start(fixture: AgentFixture, env: Record<string, string> = {}): Process {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH ?? '', FORTFAIL_DATA: fixture.config.dataFolder, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const said = new Promise<Record<string, unknown>>((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));
  child.stderr?.resume();
  const ended = new Promise<number | string>((resolve) => child.on('close', (code, signal) => resolve(signal ?? code ?? 'nothing')));
  return { child, said, ended };
}

describe('the agent as a process', () => {
  it('says when it is ready and ends cleanly on SIGTERM', async () => {
    await using fixture = new AgentFixture();
    await using orchestrator = await new FakeOrchestrator(fixture.config.socketPath).listen();
    const { child, said, ended } = start(fixture);
    expect(await said).toMatchObject({ ready: true, part: 'agent', pid: child.pid });
    await orchestrator.next('heartbeat');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('ends when whoever started it dies', async () => {
    await using fixture = new AgentFixture();
    const { child, said, ended } = start(fixture);
    await said;
    child.stdin?.end();
    expect(await ended).toBe(0);
  });

  it('refuses a second agent and settings that make no sense, each in one sentence', async () => {
    await using fixture = new AgentFixture();
    const first = start(fixture);
    await first.said;
    const second = start(fixture);
    expect(await second.said).toMatchObject({ ready: false, error: { kind: 'conflict', code: 'agent-running' } });
    expect(await second.ended).toBe(21);
    const third = start(fixture, { FORTFAIL_AGENT_JOBS: 'many' });
    expect(await third.said).toMatchObject({ error: { kind: 'invalid-input', message: "invalid FORTFAIL_AGENT_JOBS 'many'" } });
    expect(await third.ended).toBe(2);
    first.child.kill('SIGTERM');
    await first.ended;
  });

  it('tells the outcome after a kill that the orchestrator had not acknowledged before it', async () => {
    await using fixture = new AgentFixture();
    await using orchestrator = await new FakeOrchestrator(fixture.config.socketPath, { keepsAcks: true }).listen();
    const first = start(fixture);
    await orchestrator.next('heartbeat');
    orchestrator.send(checkLease(1));
    const outcome = await orchestrator.next('outcome');
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'password-missing' } });
    first.child.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    orchestrator.keepsAcks = false;
    const second = start(fixture);
    const again = await orchestrator.next('outcome', 1);
    expect(again.outboxId).toBe(outcome.outboxId);
    expect(again.seq).toBe(2);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });
});
