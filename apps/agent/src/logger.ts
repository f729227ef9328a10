import { isFortFailError, type LogFields, type Logger } from '@fortfail/base';
import { destination, type Logger as Pino, pino } from 'pino';

/** JSON lines on standard error. An `err` field is spread into its kind, code and text; only a bug shows its stack. */
export function makeLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return wrap(pino(options, destination({ dest: 2, sync: true })));
}

function wrap(log: Pino): Logger {
  return {
    error: (fields, message) => log.error(spread(fields), message),
    warn: (fields, message) => log.warn(spread(fields), message),
    info: (fields, message) => log.info(spread(fields), message),
    debug: (fields, message) => log.debug(spread(fields), message),
    child: (fields) => wrap(log.child(spread(fields))),
  };
}

function spread(fields: LogFields): LogFields {
  if (!('err' in fields)) return fields;
  const { err, ...rest } = fields;
  if (isFortFailError(err) && err.kind !== 'bug')
    return { ...rest, errKind: err.kind, errCode: err.code, errMessage: err.message, errHint: err.hint };
  const text = err instanceof Error ? err.message : String(err);
  return { ...rest, errKind: 'bug', errCode: 'unclassified', errMessage: text, stack: err instanceof Error ? err.stack : undefined };
}
