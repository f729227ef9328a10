export { boundedMap } from './bounded-map.ts';
export { formatBytes, fromHex, toHex } from './bytes.ts';
export { type Clock, systemClock } from './clock.ts';
export { type ErrorKind, type ErrorKindRule, errorKinds, type Retry } from './error-kinds.ts';
export {
  asFortFailError,
  type ErrorDetails,
  type ErrorRecord,
  FortFailError,
  fromErrorRecord,
  isFortFailError,
  toErrorRecord,
} from './fortfail-error.ts';
export { splitLines } from './lines.ts';
export { type LogFields, type Logger, noLogger } from './logger.ts';
export { Secret } from './secret.ts';
