import type { RouteBody } from '@fortfail/protocol';

/** What is to be typed on this host itself, so that its agent obeys the new owner: the orchestrator cannot do it for anybody. */
export function localOwnerSentence(draft: RouteBody<'createKit'>): string {
  return `On this host: fortfail agent owner set --recovery ${draft.recipient} '${draft.owner}'`;
}
