import { parentPort, type TransferListItem } from 'node:worker_threads';
import { toErrorRecord } from '@fortfail/base';
import type { ThreadMessage, ThreadOrder } from './thread-pool.ts';

export interface JobHandler<Job, Reply, Final> {
  /** Does one job. What it throws is the job's answer; the thread goes on with the next. */
  run(job: Job): Promise<{ readonly reply: Reply; readonly transfer?: readonly TransferListItem[] }>;
  /** Called once, after the last job. */
  finish(): Promise<Final>;
  /** Called instead of `finish` when nothing of this thread is wanted any more. */
  discard(): Promise<void>;
}

/** The thread's side of a ThreadPool: jobs one after the other, in the order they came. */
export function serveJobs<Job, Reply, Event, Final>(
  make: (report: (event: Event, transfer?: readonly TransferListItem[]) => void) => JobHandler<Job, Reply, Final>,
): void {
  const port = parentPort;
  if (port === null) throw new TypeError('a job server runs in a worker thread only');
  const post = (message: ThreadMessage<Reply, Event, Final>, transfer: readonly TransferListItem[] = []): void =>
    port.postMessage(message, transfer);
  const handler = make((event, transfer) => post({ event }, transfer));
  let last: Promise<void> = Promise.resolve();
  let isDiscarded = false;

  const runJob = async (id: number, job: Job): Promise<void> => {
    if (isDiscarded) return;
    try {
      const { reply, transfer } = await handler.run(job);
      post({ id, reply }, transfer);
    } catch (error) {
      post({ id, error: toErrorRecord(error) });
    }
  };
  const end = async (mode: 'finish' | 'discard'): Promise<void> => {
    try {
      if (mode === 'discard') await handler.discard();
      else post({ final: await handler.finish() });
    } catch (error) {
      post({ finalError: toErrorRecord(error) });
    }
    port.close();
  };

  port.on('message', (order: ThreadOrder<Job>) => {
    if ('end' in order && order.end === 'discard') isDiscarded = true;
    last = last.then(() => ('end' in order ? end(order.end) : runJob(order.id, order.job)));
  });
}
