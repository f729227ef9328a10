import { formatCount } from '@fortfail/policy';

/** A number with its noun: `1 file`, `2,041 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
