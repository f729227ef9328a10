import { Page } from '../../shell/page.tsx';

/** Restores. */
export const RestoresPage = (_: {
  readonly planId?: string;
  readonly jobId?: string | undefined;
  readonly restoreId?: string;
  readonly drillId?: string;
}) => (
  <Page title="Restores" crumbs={[{ label: 'Restores' }]}>
    <h1>Restores</h1>
  </Page>
);
