import { z } from 'zod';
import { agent, agentDecision, enrolment, enrolmentRequest, joinString, joinStringDraft, renewal, renewalRequest } from './agent.ts';
import { exposure, exposureDraft } from './exposure.ts';
import { page, pageQuery, type Route } from './route.ts';

/** Agents: how hosts join, and what is decided about them. */
export const agentRoutes = {
  getExposure: {
    method: 'GET',
    path: '/exposure',
    summary: 'How other hosts reach this site',
    action: 'see',
    object: 'site',
    answer: exposure,
  },
  expose: {
    method: 'POST',
    path: '/exposure',
    summary: 'Let other hosts reach this site over TLS',
    action: 'make-link',
    object: 'site',
    body: exposureDraft,
    answer: exposure,
    status: 201,
  },
  createJoinString: {
    method: 'POST',
    path: '/join-strings',
    summary: 'Make a one-time join string for a new host',
    action: 'enrol',
    object: 'agent',
    body: joinStringDraft,
    answer: joinString,
    status: 201,
  },
  enrol: {
    method: 'POST',
    path: '/enrolments',
    summary: 'Become an agent, with the token of a join string',
    action: 'public',
    object: 'agent',
    body: enrolmentRequest,
    answer: enrolment,
    status: 201,
  },
  renewAgent: {
    method: 'POST',
    path: '/agents/self/renewal',
    summary: 'Renew my certificate',
    action: 'agent-self',
    object: 'agent',
    body: renewalRequest,
    answer: renewal,
  },
  getAgent: { method: 'GET', path: '/agents/:agentId', summary: 'An agent', action: 'see', object: 'agent', answer: agent },
  decideAgent: {
    method: 'POST',
    path: '/agents/:agentId/decision',
    summary: 'Approve, hold, release or revoke an agent',
    action: 'enrol',
    object: 'agent',
    body: z.strictObject({ decision: agentDecision }),
    answer: agent,
  },
  listAgents: { method: 'GET', path: '/agents', summary: 'Agents', action: 'see', object: 'agent', query: pageQuery, answer: page(agent) },
} as const satisfies Record<string, Route>;
