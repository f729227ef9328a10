import type { ReactNode } from 'react';
import { type Keeper, needsApproval } from '../../api/browse.ts';
import { Answer } from '../../ui/states.tsx';
import { ApprovalNote } from './approval-note.tsx';

interface LookStateProps<T> {
  readonly query: { readonly data: T | undefined; readonly error: unknown; readonly refetch: () => unknown };
  readonly keeper: Keeper | undefined;
  readonly failed: string;
  readonly works?: string;
  readonly rows?: number;
  readonly children: (data: T) => ReactNode;
}

/** One look into a point: loading, waiting for an approval, failed, or there. */
export const LookState = <T,>({ query, keeper, children, ...words }: LookStateProps<T>) =>
  query.data === undefined && keeper !== undefined && needsApproval(query.error) ? (
    <ApprovalNote keeper={keeper} error={query.error} />
  ) : (
    <Answer query={query} {...words}>
      {children}
    </Answer>
  );
