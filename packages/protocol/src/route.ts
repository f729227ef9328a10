import { z } from 'zod';

/** What a route does to what; `may(principal, action, object)` judges it. `public` needs no principal. */
export type Action =
  | 'public'
  | 'see'
  | 'see-file-names'
  | 'run'
  | 'drill'
  | 'restore'
  | 'edit-plan'
  | 'forget'
  | 'edit-repository'
  | 'read-audit'
  | 'self'
  | 'edit-self'
  | 'approve'
  | 'make-link'
  | 'enrol'
  | 'edit-person'
  | 'acknowledge'
  | 'edit-kit'
  | 'grant'
  | 'agent-self';
export type ObjectKind =
  | 'site'
  | 'plan'
  | 'job'
  | 'restore-point'
  | 'restore'
  | 'drill'
  | 'repository'
  | 'agent'
  | 'audit'
  | 'event'
  | 'person'
  | 'token'
  | 'alert'
  | 'kit'
  | 'grant';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `:name` parameters, below `/api/v1`. */
  readonly path: string;
  readonly summary: string;
  readonly action: Action;
  readonly object: ObjectKind;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Status of success: 201 for creation, 202 for accepted work, else 200. */
  readonly status?: 200 | 201 | 202;
  /** True when GET answers an ETag and PUT/DELETE wants If-Match. */
  readonly versioned?: boolean;
}

/** Cursor pages: `cursor` is opaque; absent in the answer (null) at the end. */
export const pageQuery = z.object({ cursor: z.string().max(200).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) });
export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });
/** Where there is nothing to say but that it was done. */
export const empty = z.object({});
