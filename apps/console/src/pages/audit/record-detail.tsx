import type { AuditRecord } from '@fortfail/protocol';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { count } from '../../format/quantity.ts';
import { ObjectLink } from '../../ui/object-link.tsx';
import { Status } from '../../ui/status.tsx';
import { hashedText, prettyBody, recordFacts } from '../../view/audit-views.ts';
import { visibleText } from '../../view/visible-text.ts';

const sha256 = async (text: string): Promise<string | null> => {
  try {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  } catch {
    // No digests outside secure origins.
    return null;
  }
};

const HashCheck = ({ record }: { readonly record: AuditRecord }) => {
  const text = hashedText(record);
  const found = useQuery({ queryKey: ['sha256', text], staleTime: Number.POSITIVE_INFINITY, queryFn: () => sha256(text) }).data;
  if (found === undefined || found === null) return null;
  return found === record.hash ? (
    <Status tone="safe">right, checked in this browser</Status>
  ) : (
    <Status tone="lost">wrong: it was changed</Status>
  );
};

/** One record in full: what was written, its hash over that and the one before, and what it is about. */
export const RecordDetail = ({ record, chain }: { readonly record: AuditRecord; readonly chain: string }) => {
  const heading = useId();
  const { object, actor } = recordFacts(record);
  return (
    <section className="record-detail" aria-labelledby={heading}>
      <div className="col gap-3">
        <h3 id={heading}>
          Record {count(record.seq)} <span className="dim">of the {chain} chain</span>
        </h3>
        <pre className="body-text">{visibleBody(record.body)}</pre>
        <dl className="kv">
          <dt>Who</dt>
          <dd>
            {actor.kind === 'person' || actor.kind === 'agent' ? <ObjectLink object={actor} /> : visibleText(`${actor.kind} ${actor.id}`)}
          </dd>
          {object && (
            <>
              <dt>On</dt>
              <dd>
                <ObjectLink object={object} />
              </dd>
            </>
          )}
          <dt>Hash</dt>
          <dd>
            <code>{record.hash}</code> <HashCheck record={record} />
          </dd>
          <dt>Before it</dt>
          <dd>
            <code>{record.prev}</code>
          </dd>
        </dl>
      </div>
    </section>
  );
};

/** Line breaks stay, since they are ours; whatever else would hide or turn the text is written out. */
const visibleBody = (body: string): string =>
  prettyBody(body)
    .split('\n')
    .map((line) => visibleText(line))
    .join('\n');
