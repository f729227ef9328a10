import type { Clock } from '@fortfail/base';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A place for text: one of the process's streams, or a test's memory. */
export interface TextSink {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Standard input as commands use it: bytes, and raw mode for hidden typing where it is a terminal. */
export interface TextSource extends NodeJS.ReadableStream {
  readonly isTTY?: boolean | undefined;
  setRawMode?(on: boolean): unknown;
}

/** The world a command sees. Nothing in a command reaches past it to the process. */
export interface CommandContext {
  readonly env: Environment;
  readonly stdin: TextSource;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}
