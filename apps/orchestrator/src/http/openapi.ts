import {
  agent,
  alert,
  apiToken,
  auditRecord,
  auditVerification,
  drill,
  event,
  fileEntry,
  fileListing,
  job,
  me,
  overview,
  person,
  plan,
  planDraft,
  planState,
  problem,
  type Route,
  repository,
  restore,
  restorePoint,
  restoreProposal,
  restoreReport,
  retentionPreview,
  routes,
  slot,
} from '@fortfail/protocol';
import { z } from 'zod';
import { tokenActions } from '../access/rights.ts';
import { bearerAuth, firstApiPaths } from './v0/openapi-v0.ts';

type Json = Record<string, unknown>;

const named = {
  agent,
  alert,
  apiToken,
  auditRecord,
  auditVerification,
  drill,
  event,
  fileEntry,
  fileListing,
  job,
  me,
  overview,
  person,
  plan,
  planDraft,
  planState,
  problem,
  repository,
  restore,
  restorePoint,
  restoreProposal,
  restoreReport,
  retentionPreview,
  slot,
};

/** OpenAPI 3.1 of the API, made from the same table that the routes are registered from; with the first API where it is on. */
export function openApiDocument(version: string, withFirstApi = false): Json {
  const schemas = new SchemaBook();
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    const path = `/api/v1${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'FortFail',
      version,
      description: 'Backup and disaster recovery that can prove it would work.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ session: [] }, { token: [] }],
    paths: withFirstApi ? { ...firstApiPaths(), ...paths } : paths,
    components: {
      schemas: schemas.all(),
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'ff',
          description: 'The session cookie (`__Host-ff` under TLS). Changes also need `X-FF: 1`.',
        },
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API token, `ffp_...`, of `fortfail token create`. Without cookies; no mark is needed.',
        },
        ...(withFirstApi ? { bearerAuth } : {}),
      },
    },
  };
}

function operation(name: string, route: Route, schemas: SchemaBook): Json {
  const status = String(route.status ?? 200);
  const etag = route.versioned === true && route.method !== 'DELETE' ? { headers: { ETag: { schema: { type: 'string' } } } } : {};
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.path.split('/')[1] ?? 'site'],
    'x-fortfail': { action: route.action, object: route.object },
    ...securityOf(route),
    parameters: parameters(route, schemas),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemas.schema(route.body, 'input') } } } }),
    responses: {
      [status]: { description: 'Done', ...etag, content: { 'application/json': { schema: schemas.schema(route.answer, 'output') } } },
      default: {
        description: 'Refused (RFC 9457)',
        content: { 'application/problem+json': { schema: schemas.schema(problem, 'output') } },
      },
    },
  };
}

function parameters(route: Route, schemas: SchemaBook): Json[] {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const query = route.query === undefined ? {} : schemas.schema(route.query, 'input');
  const required = Array.isArray(query.required) ? query.required : [];
  const inQuery = Object.entries((query.properties ?? {}) as Json).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
  const headers = [
    ...(route.versioned === true && route.method !== 'GET'
      ? [{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } }]
      : []),
    ...(route.method === 'POST' && route.action !== 'public' && route.action !== 'self'
      ? [{ name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', maxLength: 200 } }]
      : []),
  ];
  return [...inPath, ...inQuery, ...headers];
}

/** JSON Schemas with the protocol's own names as shared components; a shape read and written differently gets two. */
class SchemaBook {
  readonly #components: Json = {};

  schema(schema: z.ZodType, io: 'input' | 'output'): Json {
    const registry = z.registry<{ id?: string }>();
    for (const [name, known] of Object.entries(named)) registry.add(known, { id: componentName(name, io) });
    const result = z.toJSONSchema(schema, { io, metadata: registry, unrepresentable: 'any', reused: 'inline' }) as Json;
    const { $schema: _schema, $defs, ...own } = result;
    for (const [name, definition] of Object.entries(($defs ?? {}) as Json)) this.#components[name] = clean(definition);
    const cleaned = clean(own) as Json;
    const id = typeof own.id === 'string' ? own.id : undefined;
    if (id === undefined) return cleaned;
    this.#components[id] = cleaned;
    return { $ref: `#/components/schemas/${id}` };
  }

  all(): Json {
    return Object.fromEntries(Object.entries(this.#components).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function componentName(name: string, io: 'input' | 'output'): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}${io === 'input' ? 'Input' : ''}`;
}

/** References point at the document's components, and a name is a key there, not a member. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  const { id: _id, ...members } = value as Json;
  const kept = typeof _id === 'string' ? members : (value as Json);
  return Object.fromEntries(
    Object.entries(kept).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? member.replace('#/$defs/', '#/components/schemas/') : clean(member),
    ]),
  );
}

/** Which of the ways in serve here, by the same rules that judge requests. */
function securityOf({ action, object }: Route): { security?: object[] } {
  if (action === 'public') return { security: [] };
  const isForTokens = tokenActions.has(action) || (action === 'self' && object !== 'token');
  return isForTokens ? {} : { security: [{ session: [] }] };
}
