import type { LogFields, Logger } from '@fortfail/base';
import { redactTypedSecrets } from '@fortfail/trust';
import { type DestinationStream, type Logger as PinoLogger, pino, stdSerializers, stdTimeFunctions } from 'pino';

/** What must not reach a log even inside other text, beside our own typed secrets: cloud keys, passwords in URLs, queries. */
const secretPatterns: readonly (readonly [RegExp, string])[] = [
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, '[secret]'],
  [/\b(Bearer|DPoP|Basic) +[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [secret]'],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[secret]'],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+(?::[^\s/@]*)?@/gi, '$1[secret]@'],
  [/#link=[A-Za-z0-9_-]+/g, '#link=[secret]'],
  [/(https?:\/\/[^\s?#]+)\?[^\s#]+/g, '$1?[secret]'],
];

const maxDepth = 4;

const secretFields = [
  'password',
  'currentPassword',
  'newPassword',
  'secret',
  'token',
  'cookie',
  'authorization',
  'link',
  '*.password',
  '*.secret',
  '*.token',
  '*.cookie',
  '*.authorization',
];

/** Text with everything that looks like a secret taken out. */
export function redact(text: string): string {
  return secretPatterns.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), redactTypedSecrets(text));
}

/** JSON lines: `time, level, component, msg` and fields. Messages are constants; values pass redaction. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields, censor: '[secret]' },
      serializers: { err: (error: Error) => redactError(error) },
    },
    destination,
  );
  return wrap(log);
}

function redactError(error: unknown): unknown {
  if (!(error instanceof Error)) return redact(String(error));
  const { type, message, stack } = stdSerializers.err(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { type, code, message: redact(message), stack: redact(stack) };
}

/** Plain objects and lists down to a depth; everything else has its own way of being written, or is an error. */
function redactDeep(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redact(value);
  if (depth === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, depth - 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactDeep(item, depth - 1)]));
}

function wrap(log: PinoLogger): Logger {
  const clean = (fields: LogFields): LogFields =>
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, redactDeep(value, maxDepth)]));
  return {
    error: (fields, message) => log.error(clean(fields), message),
    warn: (fields, message) => log.warn(clean(fields), message),
    info: (fields, message) => log.info(clean(fields), message),
    debug: (fields, message) => log.debug(clean(fields), message),
    child: (fields) => wrap(log.child(clean(fields))),
  };
}
