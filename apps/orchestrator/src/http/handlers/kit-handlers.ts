import { listEscrows } from '../../kit/escrows.ts';
import { confirmKit, kitState, publishKit, recordKitTest } from '../../kit/recovery-kit.ts';
import type { Services } from '../../services.ts';
import type { Handlers } from '../call.ts';
import { decodeCursor, toPage } from '../cursors.ts';

type KitRoutes = 'getKit' | 'createKit' | 'confirmKit' | 'listEscrows' | 'reportKitTest';

/** The recovery kit: public halves and opaque bytes only. */
export function kitHandlers(services: Services): Pick<Handlers, KitRoutes> {
  const { changes } = services;
  return {
    getKit: async () => ({ body: await kitState(services) }),
    createKit: async (call) => {
      await changes.run(call.context, (change) => publishKit(services, change, call.body));
      services.hub.broadcast({ type: 'roster', roster: call.body.roster });
      return { body: await kitState(services) };
    },
    confirmKit: async (call) => {
      await changes.run(call.context, (change) => confirmKit(change, call.body));
      return { body: await kitState(services) };
    },
    reportKitTest: async (call) => {
      await changes.run(call.context, (change) => recordKitTest(change, call.body));
      return { body: await kitState(services) };
    },
    listEscrows: async (call) => {
      const { limit } = call.query;
      const position = decodeCursor(call.query.cursor);
      const all = await listEscrows(services);
      // A site has as many as it has repositories: a page is cut from the whole list.
      const from =
        position === undefined ? 0 : all.findIndex((row) => row.repositoryName === position.at && String(row.n) === position.id) + 1;
      return {
        body: toPage(
          all.slice(from, from + limit + 1),
          limit,
          (row) => ({ at: row.repositoryName, id: String(row.n) }),
          () => true,
          (row) => row,
        ),
      };
    },
  };
}
