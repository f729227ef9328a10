import { Socket } from 'node:net';
import type { Secret } from '@fortfail/base';
import pg from 'pg';
import type { DatabaseSession } from './database.ts';
import { classifyDatabaseError } from './database-errors.ts';

const connectTimeoutMs = 5000;
/** A server that does not answer in this time is taken for gone. */
const answerTimeoutMs = 5000;

/**
 * Opens one connection of its own that listens on `channel`. Session locks taken over it last until it ends. The server
 * notices within seconds when this machine is gone. Throws `unavailable` or `denied`.
 */
export async function openPostgresSession(url: Secret, channel: string, hear: (payload: string) => void): Promise<DatabaseSession> {
  const socket = new Socket();
  const client = new pg.Client({
    connectionString: url.reveal(),
    application_name: 'fortfail-replica',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    stream: () => socket,
  });
  const ended = new Promise<void>((resolve) => {
    client.once('end', () => resolve());
    socket.once('close', () => resolve());
  });
  // The end is told by `ended`; without a listener an error would end the process.
  client.on('error', () => socket.destroy());
  client.on('notification', (notice) => {
    if (notice.channel === channel && notice.payload !== undefined) hear(notice.payload);
  });
  try {
    await client.connect();
    await client.query('set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3');
    await client.query(`listen ${client.escapeIdentifier(channel)}`);
  } catch (error) {
    socket.destroy();
    throw classifyDatabaseError(error);
  }
  return {
    ended,
    async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
      try {
        return (await client.query<Row>(text, [...values])).rows;
      } catch (error) {
        // Nobody knows what an unanswered question did, so the connection and its locks are given up.
        if (!(error instanceof pg.DatabaseError)) socket.destroy();
        throw classifyDatabaseError(error);
      }
    },
    async [Symbol.asyncDispose]() {
      const ending = client.end().catch(() => undefined);
      await Promise.race([ending, ended]);
      socket.destroy();
    },
  };
}
