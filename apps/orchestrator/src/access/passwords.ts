import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { HttpRefusal } from '../http/problems.ts';

const derive = promisify(argon2);
const saltLength = 16;
const tagLength = 32;
const maxAtOnce = 4;
const maxWaiting = 64;

interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 };

/**
 * Argon2id in PHC strings. At most four are computed at once and 64 wait, since each takes 19 MiB and a core: the next one
 * is refused with 429. An unknown person costs as much as a known one.
 */
export class Passwords {
  #atOnce = 0;
  readonly #waiting: (() => void)[] = [];
  #dummy: Promise<string> | undefined;

  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltLength);
    const tag = await this.#derive(password, salt, tagLength, cost);
    return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
  }

  /** False for a wrong password, and after the same time for `stored` null. */
  async verify(stored: string | null, password: string): Promise<boolean> {
    this.#dummy ??= this.hash(randomBytes(saltLength).toString('hex'));
    const parsed = parsePhc(stored ?? (await this.#dummy));
    if (parsed === undefined) return false;
    const tag = await this.#derive(password, parsed.salt, parsed.tag.length, parsed.cost);
    return timingSafeEqual(tag, parsed.tag) && stored !== null;
  }

  async #derive(password: string, salt: Buffer, length: number, limits: Cost): Promise<Buffer> {
    await this.#enter();
    try {
      const message = Buffer.from(password.normalize('NFKC'));
      return await derive('argon2id', {
        message,
        nonce: salt,
        tagLength: length,
        memory: limits.memory,
        passes: limits.passes,
        parallelism: limits.parallelism,
      });
    } finally {
      this.#atOnce -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    if (this.#atOnce >= maxAtOnce) {
      if (this.#waiting.length >= maxWaiting) {
        throw new HttpRefusal(
          429,
          { kind: 'unavailable', code: 'too-many-sign-ins', message: 'unable to check a password now, too many wait' },
          5,
        );
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#atOnce += 1;
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function parsePhc(text: string): { salt: Buffer; tag: Buffer; cost: Cost } | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(text);
  if (match === null) return undefined;
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}
