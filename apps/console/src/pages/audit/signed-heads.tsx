import type { AuditHead } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { pagedQuery } from '../../api/queries.ts';
import { count } from '../../format/quantity.ts';
import { saveFile } from '../../render/save-file.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';
import { shortHash } from '../../view/audit-views.ts';

/** The same name that the command line gives it; only what we know goes into it. */
const nameOf = ({ chain, seq }: AuditHead): string => `head-${chain === 'main' ? 'main' : 'access'}-${seq}.json`;

const save = (head: AuditHead): void => {
  saveFile(nameOf(head), head.signed.text);
  saveFile(`${nameOf(head)}.sig`, head.signed.signature);
};

const HeadList = ({ heads }: { readonly heads: readonly AuditHead[] }) => (
  <ul>
    {heads.map((head) => (
      <li key={`${head.chain} ${head.seq}`} className="head-row">
        <b className="m">{count(head.seq)}</b>
        <span className="sec">{head.chain}</span>
        <span className="sec">
          <Moment at={head.made} seconds />
        </span>
        <code className="sec">{shortHash(head.hash)}</code>
        <span className="sp" />
        <Button small onClick={() => save(head)}>
          Save<span className="vh"> head {count(head.seq)} with its signature</span>
        </Button>
      </li>
    ))}
  </ul>
);

/** Heads as the site signed them, to be kept elsewhere and verified anywhere. */
export const SignedHeads = () => {
  const query = useInfiniteQuery(pagedQuery('listAuditHeads', { query: { limit: 8 } }));
  const heads = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const first = heads[0];
  return (
    <Card title="Signed heads" note="newest first" flush busy={query.isPending}>
      <Answer query={query} failed="The signed heads could not be read." rows={4}>
        {() =>
          first === undefined ? (
            <p className="in-pad sec">None was signed yet. One is signed every minute in which the chain moved.</p>
          ) : (
            <>
              <HeadList heads={heads} />
              <ShowOlder query={query} label="Show older heads" />
              <div className="in-pad col gap-top">
                <h3>To verify one anywhere</h3>
                <CopyText
                  of="the command"
                  text={`ssh-keygen -Y verify -f allowed_signers -I evidence -n fortfail-audit-head@v1 -s ${nameOf(first)}.sig < ${nameOf(first)}`}
                />
              </div>
            </>
          )
        }
      </Answer>
    </Card>
  );
};
