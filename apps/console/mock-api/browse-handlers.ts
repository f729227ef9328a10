import { createHash } from 'node:crypto';
import type { BrowseQuestion, FileEntry, RepositoryGrant, RestorePoint, RouteAnswer, RouteBody } from '@fortfail/protocol';
import { sealTo } from '@fortfail/trust';
import { contentOf, filesOf, foldersOf } from './files.ts';
import type { Call, Handlers } from './handlers.ts';
import { missing, Refusal } from './refusal.ts';
import { idOf, iso, type World } from './world.ts';

/** What a test may change of how the hosts answer. */
export interface Looking {
  /** Hosts want an approval, and seal what they answer. */
  isSealed: boolean;
  /** Approvals that a host took, as their signed texts. */
  readonly approved: string[];
}
const states = new WeakMap<World, Looking>();
/** How the hosts of this world answer questions about files. */
export const lookingOf = (world: World): Looking => {
  const known = states.get(world) ?? { isSealed: false, approved: [] };
  states.set(world, known);
  return known;
};
const grants = new WeakMap<World, RepositoryGrant[]>();
/** Key slots that hosts of this world gave to others. */
export const grantsOf = (world: World): RepositoryGrant[] => {
  const known = grants.get(world) ?? [];
  grants.set(world, known);
  return known;
};

const pointOf = (world: World, id: string | undefined): RestorePoint => {
  const point = world.points.find((each) => each.id === id);
  if (!point) throw missing('restore point', id ?? '');
  return point;
};

/** A file that changes with every seventh point and is gone from two of them; all others stay as they are. */
const entryIn = (world: World, point: RestorePoint, path: string): { entry: FileEntry; content: string } | undefined => {
  const folder = path.slice(0, path.lastIndexOf('/')) || '/';
  const entry = filesOf(point.paths[0] ?? '/', folder, point.time)?.find((each) => each.path === path);
  if (!entry) return undefined;
  const siblings = world.points.filter(({ planId }) => planId === point.planId).sort((a, b) => (a.time < b.time ? 1 : -1));
  const back = siblings.findIndex(({ id }) => id === point.id);
  if (entry.name !== 'LocalSettings.php') return { entry: { ...entry, modified: siblings.at(-1)?.time ?? '' }, content: digest(path) };
  if (back === 16 || back === 17) return undefined;
  const age = Math.floor(back / 7);
  const made = siblings[Math.min(siblings.length - 1, age * 7 + 6)]?.time ?? point.time;
  return { entry: { ...entry, size: Buffer.byteLength(contentOf(entry.name, age)), modified: made }, content: digest(`${path} ${age}`) };
};
const ageIn = (world: World, point: RestorePoint): number => {
  const siblings = world.points.filter(({ planId }) => planId === point.planId).sort((a, b) => (a.time < b.time ? 1 : -1));
  return Math.floor(siblings.findIndex(({ id }) => id === point.id) / 7);
};
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const list = (world: World, point: RestorePoint, { path, cursor, limit }: Extract<BrowseQuestion, { ask: 'list' }>) => {
  const entries = filesOf(point.paths[0] ?? '/', path, point.time)?.flatMap((entry) =>
    entry.type === 'dir' ? entry : (entryIn(world, point, entry.path)?.entry ?? []),
  );
  if (!entries) throw missing('folder', path);
  const from = Number(cursor ?? 0);
  return { path, entries: entries.slice(from, from + limit), nextCursor: from + limit < entries.length ? String(from + limit) : null };
};

const answerTo = (world: World, point: RestorePoint, question: BrowseQuestion): unknown => {
  if (question.ask === 'list') return list(world, point, question);
  if (question.ask === 'find') {
    const all = foldersOf(point.paths[0] ?? '/').flatMap((folder) => filesOf(point.paths[0] ?? '/', folder, point.time) ?? []);
    const found = all
      .filter(({ name }) => name.toLowerCase().includes(question.text.toLowerCase()))
      .flatMap(({ path }) => entryIn(world, point, path)?.entry ?? []);
    return { entries: found.slice(0, question.limit), isCut: found.length > question.limit };
  }
  if (question.ask === 'preview') {
    const found = entryIn(world, point, question.path);
    if (found?.entry.type !== 'file') throw missing('file', question.path);
    const bytes = Buffer.from(contentOf(found.entry.name, ageIn(world, point)));
    const isCut = bytes.length > question.bytes;
    return { path: question.path, size: bytes.length, bytes: bytes.subarray(0, question.bytes).toString('base64'), isCut };
  }
  const versions = question.points.map((id) => {
    const each = pointOf(world, id);
    const found = entryIn(world, each, question.path);
    return { restorePointId: id, time: each.time, entry: found?.entry ?? null, content: found?.content ?? null };
  });
  return { path: question.path, versions };
};

const needed = new Refusal(403, 'denied', 'approval-needed', 'unable to show files of this host before somebody approved it', {
  hint: 'Approve it by a passkey or an SSH key of the roster. Or type on that host: fortfail agent approve amber basil cedar delta ember fjord',
});

/** A host checks more of an approval; that is tested there. Here it must name the tab's key and the host. */
const isApproved = (world: World, { recipient, approval }: NonNullable<RouteBody<'browse'>>['session'], agentId: string): boolean => {
  if (approval?.by !== 'webauthn') return false;
  const text = JSON.parse(approval.text) as { recipient: string; hosts: string[]; until: string; action: string };
  lookingOf(world).approved.push(approval.text);
  return text.action === 'browse' && text.recipient === recipient && text.hosts.includes(agentId) && Date.parse(text.until) > world.now();
};

const browse = async ({ world, path, body }: Call<'browse'>): Promise<RouteAnswer<'browse'>> => {
  const point = pointOf(world, path.restorePointId);
  const question = body.question as BrowseQuestion;
  if (!lookingOf(world).isSealed) return { form: 'open', value: answerTo(world, point, question) };
  if (!isApproved(world, body.session, world.repository.agentId)) throw needed;
  const plain = Buffer.from(JSON.stringify({ v: 1, question, value: answerTo(world, point, question) }));
  return { form: 'sealed', age: await sealTo([body.session.recipient], plain) };
};

/** Looks into restore points, and key slots for other hosts. */
export const browseHandlers = {
  browse,
  listGrants: ({ world }) => ({ items: grantsOf(world), nextCursor: null }),
  createGrant: ({ world, body }) => {
    const to = world.agents.find(({ id }) => id === body.toAgentId);
    const grant: RepositoryGrant = {
      id: idOf('grt', grantsOf(world).length + 1),
      repositoryId: body.repositoryId,
      repositoryName: world.repository.name,
      fromAgentId: world.repository.agentId,
      toAgentId: body.toAgentId,
      status: 'asked',
      sentence: `fort-01 waits for consent to give ${to?.hostname ?? 'the host'} a key: type the six words there.`,
      jobId: null,
      createdAt: iso(world.now()),
      acceptedAt: null,
    };
    grantsOf(world).push(grant);
    return grant;
  },
} satisfies Handlers;
