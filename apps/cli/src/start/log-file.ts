import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const limitBytes = 4 * 1024 * 1024;

/** What a part says, line by line, in a file that keeps at most twice 4 MiB: the one before is `<path>.1`. */
export class LogFile {
  readonly path: string;
  #sizeBytes: number;

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  append(line: string): void {
    if (this.#sizeBytes > limitBytes) {
      renameSync(this.path, `${this.path}.1`);
      this.#sizeBytes = 0;
    }
    appendFileSync(this.path, `${line}\n`, { mode: 0o600 });
    this.#sizeBytes += Buffer.byteLength(line) + 1;
  }
}
