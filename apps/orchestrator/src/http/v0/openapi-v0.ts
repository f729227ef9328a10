import { z } from 'zod';
import { eventBody, restoreJobBody, snapshotBody, tokenBody } from './bodies.ts';

type Json = Record<string, unknown>;

const text: Json = { type: 'string' };
const detail = { type: 'object', properties: { detail: text }, required: ['detail'] };
const job = objectOf({
  id: text,
  snapshot_id: text,
  target_agent_id: text,
  status: { enum: ['pending', 'in_progress', 'completed', 'failed'] },
});
const nullable = (schema: Json): Json => ({ anyOf: [schema, { type: 'null' }] });
const snapshot = objectOf({
  id: text,
  agent_id: text,
  checksum: text,
  size: { type: 'integer' },
  metadata: nullable({ type: 'object' }),
  status: { enum: ['registered', 'uploaded'] },
  created_at: text,
  uploaded_at: nullable(text),
});
const uploaded = objectOf({ status: { const: 'uploaded' }, snapshot_id: text });
const command = objectOf({ id: text, command_type: text, payload: { type: 'object' } });
const page: Json[] = ['limit', 'offset'].map((name) => ({ name, in: 'query', required: false, schema: { type: 'integer' } }));

interface Path {
  readonly summary: string;
  readonly answer?: Json;
  readonly body?: z.ZodType | Json;
  readonly open?: boolean;
  readonly query?: Json[];
  readonly content?: string;
  readonly refusals: readonly number[];
}

const paths: Readonly<Record<string, Path>> = {
  'GET /': {
    summary: 'What this is and where its parts are (browsers get the console)',
    answer: objectOf({ service: text, version: text, docs: text, control_ui: text, websocket: text }),
    open: true,
    refusals: [],
  },
  'GET /health/live': { summary: 'Whether the process answers', answer: objectOf({ status: { const: 'ok' } }), open: true, refusals: [] },
  'GET /health/ready': {
    summary: 'Whether its database answers, too',
    answer: objectOf({ status: { const: 'ready' } }),
    open: true,
    refusals: [503],
  },
  'GET /control': { summary: 'The control panel', content: 'text/html', answer: text, open: true, refusals: [] },
  'POST /auth/token': {
    summary: 'Exchange the registration secret for a token of seven days; agent_secret is told once, when the id is new',
    body: tokenBody,
    answer: { ...objectOf({ token: text, expires_in: { type: 'integer' }, agent_secret: text }), required: ['token', 'expires_in'] },
    open: true,
    refusals: [403, 422, 429],
  },
  'POST /auth/ws-ticket': {
    summary: 'A ticket for one WebSocket within 30 seconds',
    answer: objectOf({ ticket: text, expires_in: { type: 'integer' } }),
    refusals: [401, 403, 429],
  },
  'GET /snapshots': { summary: 'Snapshots, newest first', query: page, answer: { type: 'array', items: snapshot }, refusals: [401, 403] },
  'POST /snapshots': {
    summary: 'Register a snapshot',
    body: snapshotBody,
    answer: objectOf({ id: text, presigned_url: nullable(text), upload_url: text }),
    refusals: [401, 403, 409, 422, 429, 507],
  },
  'GET /snapshots/{id}': { summary: 'One snapshot', answer: snapshot, refusals: [401, 403, 404] },
  'POST /snapshots/{id}/object': {
    summary: 'Upload its object; it counts only when size and SHA-256 are what was registered',
    body: { type: 'object', properties: { file: { type: 'string', format: 'binary' } }, required: ['file'] },
    content: 'multipart/form-data',
    answer: uploaded,
    refusals: [400, 401, 403, 404, 409, 413, 422, 429, 507],
  },
  'GET /snapshots/{id}/object': {
    summary: 'Download its object',
    answer: { type: 'string', format: 'binary' },
    content: 'application/octet-stream',
    refusals: [401, 403, 404, 409, 429],
  },
  'POST /snapshots/{id}/complete': {
    summary: 'Have an object checked now that was uploaded by presigned URL; without this it is checked when it is needed',
    answer: uploaded,
    refusals: [400, 401, 403, 404, 409],
  },
  'GET /restore-jobs': { summary: 'Restore jobs, newest first', query: page, answer: { type: 'array', items: job }, refusals: [401, 403] },
  'POST /restore-jobs': {
    summary: 'Have an agent restore a snapshot',
    body: restoreJobBody,
    answer: job,
    refusals: [401, 403, 404, 409, 422, 429],
  },
  'GET /restore-jobs/{id}': { summary: 'One restore job', answer: job, refusals: [401, 403, 404] },
  'GET /restore-jobs/{id}/logs': {
    summary: 'What its agent reported',
    answer: {
      type: 'array',
      items: objectOf({ timestamp: text, agent_id: text, event_type: text, message: text, metadata: nullable({ type: 'object' }) }),
    },
    refusals: [401, 403, 404],
  },
  'GET /agents': {
    summary: 'Agents of this API (browsers get the console)',
    answer: { type: 'array', items: objectOf({ id: text, last_seen: nullable(text) }) },
    refusals: [401, 403],
  },
  'GET /agent/{id}/commands': {
    summary: 'What an agent is to do: leased to the agent until an event answers it, only shown to anybody else',
    answer: { type: 'array', items: command },
    refusals: [401, 403],
  },
  'POST /agent/{id}/events': {
    summary: 'What an agent reports',
    body: eventBody,
    answer: objectOf({ status: { const: 'ok' } }),
    refusals: [401, 403, 422],
  },
  'GET /ws': {
    summary: 'Live events over WebSocket: a bearer header, or ?token= with a ticket. Closed with 1008 without a good one',
    query: [{ name: 'token', in: 'query', required: false, schema: text }],
    open: true,
    refusals: [426],
  },
};

/** The paths of the first API for the OpenAPI document; their security is `bearerAuth`. */
export function firstApiPaths(): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const [name, path] of Object.entries(paths)) {
    const [method = '', url = ''] = name.split(' ');
    found[url] = { ...found[url], [method.toLowerCase()]: operation(method, url, path) };
  }
  return found;
}

export const bearerAuth: Json = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of POST /auth/token.' };

function operation(method: string, url: string, path: Path): Json {
  const inPath = [...url.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: text }));
  const refusals = path.refusals.map((status) => [
    String(status),
    { description: 'Refused', content: { 'application/json': { schema: detail } } },
  ]);
  const answer = {
    description: 'Done',
    content: { [(method === 'GET' && path.content) || 'application/json']: { schema: path.answer ?? {} } },
  };
  return {
    operationId: `v0 ${method} ${url}`.replaceAll(/[^A-Za-z0-9]+/g, '-'),
    summary: path.summary,
    tags: ['first API'],
    security: path.open === true ? [] : [{ bearerAuth: [] }],
    parameters: [...inPath, ...(path.query ?? [])],
    ...(path.body === undefined
      ? {}
      : { requestBody: { required: true, content: { [path.content ?? 'application/json']: { schema: schemaOf(path.body) } } } }),
    responses: { 200: answer, ...Object.fromEntries(refusals) },
  };
}

function schemaOf(body: z.ZodType | Json): Json {
  if (!(body instanceof z.ZodType)) return body;
  const { $schema: _, ...schema } = z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' }) as Json;
  return schema;
}

function objectOf(properties: Json): Json {
  return { type: 'object', properties, required: Object.keys(properties) };
}
