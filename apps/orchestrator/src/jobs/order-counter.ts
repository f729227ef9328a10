import type { Tx } from '../database/database.ts';

/** Takes the next `count` order numbers of an agent and answers the first of them. Numbers are never given twice. */
export async function takeOrderNumbers(tx: Tx, agentId: string, count: number): Promise<number> {
  const { order_counter: last } = await tx
    .updateTable('agent')
    .set((eb) => ({ order_counter: eb('order_counter', '+', count) }))
    .where('id', '=', agentId)
    .returning('order_counter')
    .executeTakeFirstOrThrow();
  return last - count + 1;
}

/** Goes on above what the agent says it has accepted: a site that was set back to an older state stays understood. */
export async function raiseOrderCounter(tx: Tx, agentId: string, accepted: number): Promise<void> {
  await tx.updateTable('agent').set({ order_counter: accepted }).where('id', '=', agentId).where('order_counter', '<', accepted).execute();
}
