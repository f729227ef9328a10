import type { Services } from '../../services.ts';
import type { Handlers } from '../call.ts';
import { agentHandlers } from './agent-handlers.ts';
import { alertHandlers } from './alert-handlers.ts';
import { auditHandlers } from './audit-handlers.ts';
import { browseHandlers } from './browse-handlers.ts';
import { firstApiHandlers } from './first-api-handlers.ts';
import { grantHandlers } from './grant-handlers.ts';
import { jobHandlers } from './job-handlers.ts';
import { kitHandlers } from './kit-handlers.ts';
import { meHandlers } from './me-handlers.ts';
import { personHandlers } from './person-handlers.ts';
import { planHandlers } from './plan-handlers.ts';
import { restoreHandlers } from './restore-handlers.ts';
import { restorePointHandlers } from './restore-point-handlers.ts';
import { signInHandlers } from './sign-in-handlers.ts';
import { siteHandlers } from './site-handlers.ts';
import { tokenHandlers } from './token-handlers.ts';

/** A handler for every route: a missing one does not compile. */
export function allHandlers(services: Services): Handlers {
  return {
    ...signInHandlers(services),
    ...meHandlers(services),
    ...siteHandlers(services),
    ...agentHandlers(services),
    ...auditHandlers(services),
    ...kitHandlers(services),
    ...firstApiHandlers(services),
    ...grantHandlers(services),
    ...planHandlers(services),
    ...restorePointHandlers(services),
    ...restoreHandlers(services),
    ...jobHandlers(services),
    ...personHandlers(services),
    ...tokenHandlers(services),
    ...alertHandlers(services),
    ...browseHandlers(services),
  };
}
