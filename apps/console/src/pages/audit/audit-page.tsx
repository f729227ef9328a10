import { useQuery } from '@tanstack/react-query';
import { routeQuery, useRouteQuery } from '../../api/queries.ts';
import { useUrlState } from '../../render/use-url-state.ts';
import { Page } from '../../shell/page.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { ErrorNote, Note } from '../../ui/states.tsx';
import { auditTitle } from '../../view/audit-views.ts';
import { visibleText } from '../../view/visible-text.ts';
import { AuditRecords } from './audit-records.tsx';
import { SignedHeads } from './signed-heads.tsx';
import { Witnesses } from './witnesses.tsx';
import './audit.css';

/** Reads on demand only: the first reads the whole chain, the second asks every host. */
const useChecks = () => {
  const chain = useQuery({ ...routeQuery('verifyAudit'), enabled: false, gcTime: 0 });
  const witnesses = useQuery({ ...routeQuery('listAuditWitnesses'), enabled: false, gcTime: 0 });
  return {
    chain,
    witnesses,
    isRunning: chain.isFetching || witnesses.isFetching,
    run: () => {
      void chain.refetch();
      void witnesses.refetch();
    },
  };
};

/** Who did what: the records of a chain, whether it is whole, and who could contradict. */
export const AuditPage = () => {
  const [url] = useUrlState();
  const known = useRouteQuery('overview').data?.audit.seq;
  const checks = useChecks();
  const chain = url.get('chain') === 'access' ? 'access' : 'main';
  const { data: checked } = checks.chain;
  return (
    <Page title="Audit" crumbs={[{ label: 'Audit' }]}>
      <div className="head">
        <div>
          <h1>{auditTitle(known, checked, checks.witnesses.data?.items)}</h1>
          <p className="sub">
            Every record carries the hash of the one before. Once a minute the head is signed and given to every host, so that nothing can
            be changed, cut or put back without a witness.
          </p>
        </div>
        <span className="sp" />
        <div className="verbs">
          <Button kind="primary" stop={checks.isRunning ? 'It is being checked.' : undefined} onClick={checks.run}>
            {checks.isRunning ? 'Checking…' : 'Check all now'}
          </Button>
        </div>
      </div>
      {checked && !checked.whole && (
        <Note tone="lost" title={`The ${checked.chain} chain does not hold.`} alert>
          <p className="sec">{visibleText(checked.reason ?? 'No reason was given.')}</p>
        </Note>
      )}
      {checks.chain.error !== null && <ErrorNote title="The chain could not be checked." error={checks.chain.error} onRetry={checks.run} />}
      <AuditRecords chain={chain} />
      <div className="grid">
        <div className="c6 col">
          <Witnesses query={checks.witnesses} onAsk={() => void checks.witnesses.refetch()} />
        </div>
        <div className="c6 col">
          <SignedHeads />
        </div>
      </div>
      <CommandLine command="fortfail audit verify --witnesses" />
      <CommandLine command="fortfail audit heads --out DIR" />
    </Page>
  );
};
