import { FortFailError } from '@fortfail/base';
import { findClaim } from '../../first-api/claims.ts';
import type { FirstApi } from '../../first-api/first-api.ts';
import { recordOf } from '../../first-api/records.ts';
import type { Services } from '../../services.ts';
import type { Handlers } from '../call.ts';

type FirstApiRoutes = 'createLegacyToken' | 'createLegacySecret' | 'revokeLegacyTokens';

/** What an administrator does for clients of the first API. */
export function firstApiHandlers(services: Services): Pick<Handlers, FirstApiRoutes> {
  const { changes, database } = services;
  return {
    createLegacyToken: async (call) => {
      const { agentId, days } = call.body;
      const { tokens } = needFirstApi(services);
      return { body: await changes.run(call.context, async (change) => ({ agentId, ...(await tokens.mintFor(change, agentId, days)) })) };
    },
    createLegacySecret: async (call) => {
      const { agentId } = call.body;
      const { tokens } = needFirstApi(services);
      return { body: { agentId, secret: await changes.run(call.context, (change) => tokens.newSecret(change, agentId)) } };
    },
    revokeLegacyTokens: async (call) => {
      const { agentId } = call.body;
      needFirstApi(services);
      const known = agentId === null ? undefined : await findClaim(database.read, agentId);
      const revoked = await changes.run(call.context, async (change) => {
        const rows = await change.tx
          .updateTable('legacy_token')
          .set({ revoked_at: change.now })
          .where('legacy_id', agentId === null ? 'is' : '=', agentId)
          .where('revoked_at', 'is', null)
          .returning('id')
          .execute();
        const object = { kind: 'agent', id: known?.agent_id ?? agentId ?? 'pool' };
        change.audit(recordOf('token_revoked', object, { agent_id: agentId, tokens: rows.length }));
        return rows.length;
      });
      return { body: { revoked } };
    },
  };
}

function needFirstApi({ firstApi }: Services): FirstApi {
  if (firstApi !== undefined) return firstApi;
  throw new FortFailError({
    kind: 'conflict',
    code: 'first-api-off',
    message: 'unable to do this, the first API is off',
    hint: 'Start FortFail with LEGACY_API=loopback or LEGACY_API=on.',
  });
}
