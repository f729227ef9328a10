import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fortfail, must, opening, type Program, run } from '../support/programs.ts';
import { type Call, drawMoment, killedAt, measureCourse, wasKilled } from './kill.ts';

/** What came of killing one verb many times. A turn that was not clean throws, so all that are counted were. */
export interface Kills {
  readonly attempted: number;
  /** Kills that came before the program had ended by itself. */
  readonly landed: number;
}

export interface Storm {
  readonly name: string;
  readonly what: string;
  /** Kills the verb so many times, working in an empty folder. */
  readonly rage: (folder: string, times: number, judges: readonly Program[]) => Promise<Kills>;
}

type Environment = Record<string, string>;

function makeTree(folder: string, files: number): string {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'sub'), { recursive: true });
  for (let index = 0; index < files; index += 1) {
    const name = join(tree, index % 2 === 0 ? 'sub' : '', `file-${index}`);
    writeFileSync(name, `file ${index} `.repeat(200 + 40 * index));
  }
  return tree;
}

/** What a person does after a crash: clear dead locks away and let the judge look. By turns our `unlock` and the judge's own. */
async function requireClean(env: Environment, judges: readonly Program[], turn: number, what: string): Promise<void> {
  for (const [index, judge] of (judges.length === 0 ? [fortfail] : judges).entries()) {
    await must((turn + index) % 2 === 0 ? fortfail : judge, ['unlock'], { env });
    const outcome = await run(judge, ['check', ...((turn + index) % 2 === 0 ? ['--read-data'] : [])], { env });
    if (outcome.code !== 0) {
      throw new Error(`${what}, turn ${turn}: ${judge.name} check exits ${outcome.code}\n${outcome.stdout}\n${outcome.stderr}`);
    }
  }
}

async function snapshotIds(env: Environment): Promise<string[]> {
  const { stdout } = await must(fortfail, ['snapshots', '--json'], { env });
  return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
}

/** Each turn has something new to store; what is listed afterwards can be read to its last entry. */
async function killBackups(folder: string, times: number, judges: readonly Program[]): Promise<Kills> {
  const repository = join(folder, 'repository');
  const env = opening(repository);
  const tree = makeTree(folder, 200);
  await must(fortfail, ['init'], { env });
  const call: Call = { program: fortfail, args: ['backup', '--json', tree], options: { env }, folders: [repository] };
  writeFileSync(join(tree, 'grown'), Buffer.alloc(3_000_000, 'before the first turn '));
  const course = await measureCourse(call);
  let landed = 0;
  for (let turn = 0; turn < times; turn += 1) {
    for (let part = 0; part < 6; part += 1) writeFileSync(join(tree, `grown-${part}`), Buffer.alloc(500_000, `turn ${turn} part ${part} `));
    const before = await snapshotIds(env);
    const outcome = await killedAt(call, drawMoment(turn, course));
    if (wasKilled(outcome)) landed += 1;
    else if (outcome.code !== 0) throw new Error(`backup ${turn} ended with ${outcome.code}: ${outcome.stderr}`);
    await requireClean(env, judges, turn, 'a killed backup');
    for (const id of await snapshotIds(env)) if (!before.includes(id)) await must(fortfail, ['ls', id], { env });
  }
  // The next one continues, with no person's help: a lock of a dead process keeps nobody out.
  await killedAt(call, drawMoment(1, course));
  await must(fortfail, ['backup', tree], { env });
  const target = join(folder, 'restored');
  await must(fortfail, ['restore', 'latest', '--target', target], { env });
  requireSame(tree, join(target, tree));
  return { attempted: times, landed };
}

/** Whatever was forgotten is gone whole, and the others are all there: never a snapshot that names what is missing. */
async function killForgets(folder: string, times: number, judges: readonly Program[]): Promise<Kills> {
  const repository = join(folder, 'repository');
  const env = opening(repository);
  const tree = makeTree(folder, 10);
  await must(fortfail, ['init'], { env });
  const grow = async (count: number, from: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      writeFileSync(join(tree, 'turning'), `content ${from + index}`);
      await must(fortfail, ['backup', tree], { env });
    }
  };
  await grow(3, 0);
  const call: Call = { program: fortfail, args: ['forget', '--keep-last', '1'], options: { env }, folders: [repository] };
  const course = await measureCourse(call);
  let landed = 0;
  for (let turn = 0; turn < times; turn += 1) {
    const before = await snapshotIds(env);
    await grow(Math.max(0, 2 - before.length), 100 * (turn + 1));
    const all = await snapshotIds(env);
    const outcome = await killedAt(call, drawMoment(turn, course));
    if (wasKilled(outcome)) landed += 1;
    else if (outcome.code !== 0) throw new Error(`forget ${turn} ended with ${outcome.code}: ${outcome.stderr}`);
    const left = await snapshotIds(env);
    if (!left.includes(all.at(-1) ?? '')) throw new Error(`forget ${turn} took the newest snapshot`);
    for (const id of left) if (!all.includes(id)) throw new Error(`snapshot ${id} came from nowhere`);
    const trash = readdirSync(join(repository, 'fortfail', 'trash'));
    for (const id of all)
      if (!left.includes(id) && !trash.includes(id)) throw new Error(`snapshot ${id} is neither listed nor in the trash`);
    // One judge a turn: a forget writes little, so that the time goes to the kills.
    const judge = judges[turn % Math.max(1, judges.length)];
    await requireClean(env, judge === undefined ? [] : [judge], turn, 'a killed forget');
  }
  await killedAt(call, drawMoment(1, course));
  await must(fortfail, ['forget', '--keep-last', '1'], { env });
  if ((await snapshotIds(env)).length !== 1) throw new Error('the forget after the kills did not do its work');
  return { attempted: times, landed };
}

/** A target that looks whole is whole, and no file has its name before it has its bytes. */
async function killRestores(folder: string, times: number, judges: readonly Program[]): Promise<Kills> {
  const env = opening(join(folder, 'repository'));
  const tree = makeTree(folder, 120);
  for (let index = 0; index < 4; index += 1) writeFileSync(join(tree, `large-${index}`), Buffer.alloc(4_000_000, `large ${index} `));
  await must(fortfail, ['init'], { env });
  await must(fortfail, ['backup', tree], { env });
  const original = contents(tree);
  const target = join(folder, 'target');
  const call = (isThere: boolean): Call => ({
    program: fortfail,
    args: ['restore', `latest:${tree}`, '--target', target],
    options: { env },
    folders: [isThere ? target : folder],
  });
  const course = await measureCourse(call(false));
  let landed = 0;
  for (let turn = 0; turn < times; turn += 1) {
    rmSync(target, { recursive: true, force: true });
    // By turns into a folder that does not exist yet and into an empty one.
    const isThere = turn % 4 > 1;
    if (isThere) mkdirSync(target);
    const outcome = await killedAt(call(isThere), drawMoment(turn, course));
    if (wasKilled(outcome)) landed += 1;
    else if (outcome.code !== 0) throw new Error(`restore ${turn} ended with ${outcome.code}: ${outcome.stderr}`);
    for (const [path, bytes] of contents(target)) {
      if (path.includes('.fortfail-restore-')) continue;
      if (original.get(path)?.equals(bytes) !== true)
        throw new Error(`restore ${turn} left '${path}' with other bytes than were backed up`);
    }
    await must(fortfail, ['restore', `latest:${tree}`, '--target', target], { env });
    requireSame(tree, target, turn);
  }
  await requireClean(env, judges, 0, 'killed restores');
  return { attempted: times, landed };
}

/** Either there is a repository that the password opens and every judge accepts, or the next `init` makes one there. */
async function killInits(folder: string, times: number, judges: readonly Program[]): Promise<Kills> {
  const repository = join(folder, 'repository');
  const env = opening(repository);
  mkdirSync(repository);
  const call: Call = { program: fortfail, args: ['init'], options: { env }, folders: [repository] };
  const course = await measureCourse(call);
  let landed = 0;
  for (let turn = 0; turn < times; turn += 1) {
    rmSync(repository, { recursive: true, force: true });
    mkdirSync(repository);
    const outcome = await killedAt(call, drawMoment(turn, course));
    if (wasKilled(outcome)) landed += 1;
    const { code } = await run(fortfail, ['snapshots'], { env });
    if (code !== 0 && code !== 10) throw new Error(`after a killed init the repository opens with ${code}`);
    if (code === 10) await must(fortfail, ['init'], { env });
    writeFileSync(join(folder, 'file'), `turn ${turn}`);
    await must(fortfail, ['backup', join(folder, 'file')], { env });
    const judge = judges[turn % Math.max(1, judges.length)];
    await requireClean(env, judge === undefined ? [] : [judge], turn, 'a killed init');
  }
  return { attempted: times, landed };
}

/** The old password or the new one opens the repository, at every moment. */
async function killPasswordChanges(folder: string, times: number, judges: readonly Program[]): Promise<Kills> {
  const repository = join(folder, 'repository');
  let password = 'first';
  await must(fortfail, ['init'], { env: opening(repository, password) });
  const next = join(folder, 'next');
  const call = (): Call => ({
    program: fortfail,
    args: ['key', 'passwd', '--new-password-file', next],
    options: { env: opening(repository, password) },
    folders: [repository],
  });
  writeFileSync(next, 'second');
  const course = await measureCourse(call());
  password = 'second';
  let landed = 0;
  for (let turn = 0; turn < times; turn += 1) {
    const asked = `password of turn ${turn}`;
    writeFileSync(next, asked);
    const outcome = await killedAt(call(), drawMoment(turn, course));
    if (wasKilled(outcome)) landed += 1;
    const opens = await Promise.all([password, asked].map((text) => opensWith(repository, text)));
    if (!opens.includes(true)) throw new Error(`after a killed change of password ${turn} neither the old nor the new one opens`);
    if (!wasKilled(outcome) && (outcome.code !== 0 || opens[1] !== true || opens[0] === true)) {
      throw new Error(`the change of password ${turn} ended with ${outcome.code}: ${outcome.stderr}`);
    }
    if (opens[1] === true) password = asked;
    const judge = judges[turn % Math.max(1, judges.length)];
    await requireClean(opening(repository, password), judge === undefined ? [] : [judge], turn, 'a killed change of password');
  }
  return { attempted: times, landed };
}

async function opensWith(repository: string, password: string): Promise<boolean> {
  const { code, stderr } = await run(fortfail, ['snapshots'], { env: opening(repository, password) });
  if (code !== 0 && code !== 12) throw new Error(`opening ended with ${code}: ${stderr}`);
  return code === 0;
}

function contents(folder: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  if (!existsSync(folder)) return found;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(relative(folder, path), readFileSync(path));
  }
  return found;
}

function requireSame(expected: string, found: string, turn = 0): void {
  const [wanted, there] = [contents(expected), contents(found)];
  for (const [path, bytes] of wanted) {
    if (there.get(path)?.equals(bytes) !== true) throw new Error(`turn ${turn}: '${path}' did not come back as it was`);
  }
  for (const path of there.keys()) if (!wanted.has(path)) throw new Error(`turn ${turn}: '${path}' is left over`);
}

export const storms: readonly Storm[] = [
  { name: 'backup', what: 'leaves a clean repository that lists only what is whole, and the next backup continues', rage: killBackups },
  { name: 'forget', what: 'leaves every snapshot listed or in the trash, in a clean repository', rage: killForgets },
  { name: 'restore', what: 'gives no file its name before its bytes, and the next restore completes it', rage: killRestores },
  { name: 'init', what: 'leaves a repository that opens, or a place where the next init makes one', rage: killInits },
  { name: 'key passwd', what: 'leaves a repository that the old or the new password opens', rage: killPasswordChanges },
];
