import type { RouteName, routes } from '@fortfail/protocol';
import type { z } from 'zod';
import type { ObjectReference } from '../access/may.ts';
import type { Principal } from '../access/principal.ts';
import type { ChangeContext } from '../changes/changes.ts';

type Field<N extends RouteName, K extends string> = (typeof routes)[N] extends Record<K, infer T> ? T : undefined;
type Output<T> = T extends z.ZodType ? z.output<T> : undefined;

/** One request after sign-in, validation and the first judgement. */
export interface Call<N extends RouteName> {
  readonly principal: Principal;
  /** On whose behalf and for which request a change is made. */
  readonly context: ChangeContext;
  readonly query: Output<Field<N, 'query'>>;
  readonly body: Output<Field<N, 'body'>>;
  /** Where the request came from, for limits. */
  readonly address: string;
  /** The path parameter of that name, of the form that ids of its kind have. */
  id(name: string): string;
  /** Judges the object that was loaded: throws 404 when it is out of scope, 403 when the right is missing. */
  check(object: ObjectReference): void;
  /** Whether the caller may see that item of a collection. */
  sees(object: ObjectReference): boolean;
  /** The version that `If-Match` names. Throws 428 without one. */
  ifMatch(): number;
  /** Gives the caller a session cookie, or takes it away. */
  setSession(secret: string | null): void;
}

export interface Reply<N extends RouteName> {
  readonly body: Output<Field<N, 'answer'>>;
  /** Sent as the ETag. */
  readonly version?: number;
}

/** One function per route of the protocol. */
export type Handlers = { readonly [N in RouteName]: (call: Call<N>) => Promise<Reply<N>> };
