import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { CallError } from '../api/call.ts';
import { after } from '../render/clock.ts';
import { Button } from './button.tsx';
import { Glyph } from './status.tsx';
import type { Tone } from './tone.ts';

const WIDTHS = ['42%', '32%', '49%', '37%', '44%', '40%'];

/** Bars where rows will be, of the rows' height, seen only when an answer takes longer than 150 ms. */
export const Skeleton = ({ rows = 5 }: { readonly rows?: number }) => {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => after(150, () => setSlow(true)), []);
  return (
    <div className="skels" aria-hidden="true">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all alike and never move.
        <div key={row} className="skel-row">
          {isSlow && (
            <svg width="100%" height="12" aria-hidden="true">
              <rect className="skel" width="14" height="11" rx="3" />
              <rect className="skel" x="26" width={WIDTHS[row % WIDTHS.length]} height="11" rx="3" />
              <rect className="skel" x="74%" width="18%" height="11" rx="3" />
            </svg>
          )}
        </div>
      ))}
    </div>
  );
};

interface NoteProps {
  readonly tone: Tone;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly alert?: boolean;
}

/** A tinted box with one sentence and what follows from it. */
export const Note = ({ tone, title, children, alert = false }: NoteProps) => (
  <div className={`note-box ${tone}`} role={alert ? 'alert' : undefined}>
    <Glyph tone={tone} />
    <div className="note-body">
      <b>{title}</b>
      {children}
    </div>
  </div>
);

interface ErrorNoteProps {
  /** What could not be done, as a sentence. */
  readonly title: string;
  readonly error: unknown;
  /** What still works although this failed. */
  readonly works?: string;
  readonly onRetry?: () => void;
}

/** A failure: the sentence, the cause as the other side said it, what still works, the verb, the code and the request. */
export const ErrorNote = ({ title, error, works, onRetry }: ErrorNoteProps) => {
  const problem = error instanceof CallError ? error.problem : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const cause = message.charAt(0).toUpperCase() + message.slice(1);
  return (
    <Note tone="lost" title={title} alert>
      <p className="sec">
        {cause}
        {/[.!?]$/.test(cause) ? '' : '.'} {problem?.hint} {works}
      </p>
      {problem?.errors?.map(({ field, message }) => (
        <p key={field} className="sec">
          <code>{field}</code> {message}
        </p>
      ))}
      {problem && (
        <p className="xs dim mono wrap-any">
          {problem.code} · request {problem.requestId}
        </p>
      )}
      {onRetry && (
        <div className="row gap-top">
          <Button small onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </Note>
  );
};

interface AnswerProps<T> {
  readonly query: { readonly data: T | undefined; readonly error: unknown; readonly refetch: () => unknown };
  readonly failed: string;
  readonly works?: string;
  readonly rows?: number;
  readonly children: (data: T) => ReactNode;
}

/** One part of a page by its answer: loading, failed, or there. A failed part never takes the page with it. */
export const Answer = <T,>({ query, failed, works, rows = 5, children }: AnswerProps<T>) => {
  if (query.data !== undefined) return children(query.data);
  if (query.error)
    return (
      <div className="in-pad">
        <ErrorNote title={failed} error={query.error} {...(works === undefined ? {} : { works })} onRetry={() => void query.refetch()} />
      </div>
    );
  return <Skeleton rows={rows} />;
};
