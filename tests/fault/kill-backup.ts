import { randomInt } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { begin, ended, fortfail, must, type Program, run } from '../support/programs.ts';

export interface Kills {
  readonly attempted: number;
  readonly landed: number;
}

/**
 * Kills a backup with SIGKILL at random moments. After each kill the repository must be clean for every judge, must list
 * only whole snapshots, and the next backup must simply continue. Returns how many kills hit a running backup.
 */
export async function killBackups(
  folder: string,
  env: Record<string, string>,
  times: number,
  judges: readonly Program[],
  longestMs: number,
): Promise<Kills> {
  const tree = join(folder, 'tree');
  let landed = 0;
  for (let turn = 0; turn < times; turn += 1) {
    writeFileSync(join(tree, `grown-${turn}`), Buffer.alloc(3_000_000, `turn ${turn} `));
    const child = begin(fortfail, ['backup', '--json', tree], { env });
    const end = ended(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), randomInt(1, longestMs));
    const { signal, code, stderr } = await end;
    clearTimeout(timer);
    if (signal === 'SIGKILL') landed += 1;
    else if (code !== 0) throw new Error(`backup ${turn} ended with ${code}: ${stderr}`);
    for (const judge of judges) {
      // A killed client leaves its lock; both programs expect a person (or the next owner) to clear it by proof of death.
      await must(fortfail, ['unlock'], { env });
      await must(judge, ['check', ...(turn % 5 === 0 ? ['--read-data'] : [])], { env });
    }
    const listed = JSON.parse((await must(fortfail, ['snapshots', '--json'], { env })).stdout) as { id: string; tree: string }[];
    for (const { id } of listed.slice(-1)) await must(fortfail, ['ls', id], { env });
  }
  await must(fortfail, ['backup', tree], { env });
  const leftovers = readdirSync(join(folder, 'repository', 'locks')).filter((name) => /^[0-9a-f]{64}$/.test(name));
  if (leftovers.length > 0) await run(fortfail, ['unlock'], { env });
  return { attempted: times, landed };
}
