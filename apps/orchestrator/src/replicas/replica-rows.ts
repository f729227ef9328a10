import { sql } from 'kysely';

/** A process that was not seen for so long is taken for gone, whatever became of it. */
export const freshReplicaMs = 10_000;
/** An agent that was not heard for so long: three heartbeats and a little. */
export const freshAgentMs = 17_000;

/** The database's clock in milliseconds. */
export const databaseMsText = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
/**
 * A row `r` of `replica` whose process lives: seen lately, and its session is still there. The session of a killed process
 * goes in the moment of its death.
 */
export const isLiveText = `(r.seen_ms > ${databaseMsText} - ${freshReplicaMs} and exists (select 1 from pg_stat_activity a where a.pid = r.backend))`;

export const databaseMs = sql.raw(databaseMsText);
export const isLive = sql.raw(isLiveText);
