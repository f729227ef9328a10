/** How fast this agent restored from each repository the last time; forgotten with the process. */
export class RestoreSpeed {
  readonly #secondsPerByte = new Map<string, number>();

  /** Takes in a measured restore. Small ones say nothing about large ones. */
  measured(repositoryId: string, bytes: number, seconds: number): void {
    if (bytes >= 1_000_000) this.#secondsPerByte.set(repositoryId, seconds / bytes);
  }

  /** Null while nothing was measured: an expectation is never invented. */
  expectedSeconds(repositoryId: string, bytes: number): number | null {
    const rate = this.#secondsPerByte.get(repositoryId);
    return rate === undefined ? null : rate * bytes;
  }
}
