import type { DrillResult } from './agent-link.ts';

type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** What the agent that ran a drill signs: what it did and found, nothing it was merely told. */
export function runnerStatement(drillId: string, jobId: string, agentId: string, result: DrillResult): string {
  const { kind: _kind, signed: _signed, ...found } = result;
  return statementText({ v: 1, drill: drillId, job: jobId, agent: agentId, ...(found as { readonly [key: string]: Value }) });
}

/** JSON with its keys in order and one line feed at the end: exact bytes that two parties make alike. */
export function statementText(value: { readonly [key: string]: Value | undefined }): string {
  return `${JSON.stringify(ordered(value as Value))}\n`;
}

function ordered(value: Value): Value {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value as { readonly [key: string]: Value | undefined }).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, ordered(item as Value)]));
}
