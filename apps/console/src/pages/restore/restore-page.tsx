import { Page } from '../../shell/page.tsx';

/** Restore. */
export const RestorePage = (_: {
  readonly planId?: string;
  readonly jobId?: string | undefined;
  readonly restoreId?: string;
  readonly drillId?: string;
}) => (
  <Page title="Restore" crumbs={[{ label: 'Restore' }]}>
    <h1>Restore</h1>
  </Page>
);
