import { type Clock, FortFailError } from '@fortfail/base';
import type { AgentQuestion, SealedAnswer } from '@fortfail/protocol';
import type { RepositoryShelf } from '../repositories/repository-shelf.ts';
import { type BrowseGuard, isWithin, type Leave } from './browse-guard.ts';
import { type ListedFiles, listFiles } from './list-files.ts';
import { type Look, look } from './look.ts';
import { sealAnswer } from './seal-answer.ts';
import { Turnstile } from './turnstile.ts';

export interface BrowseDeskParts {
  readonly shelf: RepositoryShelf;
  readonly clock: Clock;
  readonly guard: BrowseGuard;
}

/** Questions answered at once; each may hold a few megabytes. More wait in line, up to a limit. */
const atOnce = 4;
const mostWaiting = 32;

/** Answers what somebody at the orchestrator wants to know of restore points, as far as this host lets them. */
export class BrowseDesk {
  readonly #parts: BrowseDeskParts;
  readonly #turnstile = new Turnstile(atOnce, mostWaiting);

  constructor(parts: BrowseDeskParts) {
    this.#parts = parts;
  }

  /** Throws `denied` before anything is read, `unavailable` when too many wait, `not-found`. */
  async answer(question: Extract<AgentQuestion, { method: 'browse' | 'list-files' }>): Promise<SealedAnswer | ListedFiles> {
    return question.method === 'browse' ? await this.#browse(question) : await this.#list(question);
  }

  /** The first way to ask, which knows no seal: answered only where the answer may leave in plain. */
  async #list(question: Extract<AgentQuestion, { method: 'list-files' }>): Promise<ListedFiles> {
    const { path, cursor, limit } = question;
    const { form } = await this.#parts.guard.judge({ recipient: '', approval: null }, { ask: 'list', path, cursor, limit });
    if (form !== 'open') {
      throw new FortFailError({ kind: 'denied', code: 'approval-needed', message: 'unable to show files of this host in plain' });
    }
    return await this.#turnstile.pass(() => listFiles(question, this.#parts.shelf));
  }

  async #browse(asked: Extract<AgentQuestion, { method: 'browse' }>): Promise<SealedAnswer> {
    const { question, session } = asked;
    const leave = await this.#parts.guard.judge(session, question);
    return await this.#turnstile.pass(async () => {
      const value = within(leave, await look(asked, this.#parts));
      return leave.form === 'open' ? { form: 'open', value } : await sealAnswer(leave.recipient, question, value);
    });
  }
}

/** What a search found outside the paths that were approved stays here. */
function within(leave: Leave, value: Look): Look {
  const paths = leave.form === 'sealed' ? leave.paths : undefined;
  if (paths === undefined || !('isCut' in value) || !('entries' in value)) return value;
  return { ...value, entries: value.entries.filter(({ path }) => isWithin(path, paths)) };
}
