import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { options as agentOptions } from '../apps/agent/src/config.ts';
import { options as orchestratorOptions } from '../apps/orchestrator/src/config.ts';
import { historyLimits } from '../apps/orchestrator/src/history/history.ts';

interface Option {
  readonly name: string;
  readonly doc: string;
  readonly fallback?: string;
  readonly isSecret?: boolean;
}

const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');

function row(option: Option, readers: string): string {
  const doc = `${option.doc}${option.fallback === undefined ? '' : ` Default: ${option.fallback}.`}`;
  const file = option.isSecret === true ? ` Or \`${option.name}_FILE\`, a file that holds it.` : '';
  return `| \`${option.name}\` | ${readers} | ${doc}${file} |`;
}

it('documents every option of both processes once, in the words of its declaration', () => {
  const agents = new Set<string>(agentOptions.map(({ name }) => name));
  const orchestrators = new Set<string>(orchestratorOptions.map(({ name }) => name));
  const rows = [
    ...orchestratorOptions.map((option) => row(option, agents.has(option.name) ? 'both' : 'orchestrator')),
    ...agentOptions.filter(({ name }) => !orchestrators.has(name)).map((option) => row(option, 'agent')),
  ];
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
});

it('says how much history is kept', () => {
  const { logDays, jobDays, jobs, slotDays } = historyLimits;
  for (const words of [`${logDays} days after`, `${jobDays} days, at most ${jobs.toLocaleString('en')}`, `${slotDays} days`])
    expect(page).toContain(words);
});
