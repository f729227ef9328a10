import { Page } from '../../shell/page.tsx';

/** Restore points. */
export const PointsPage = (_: {
  readonly planId?: string;
  readonly jobId?: string | undefined;
  readonly restoreId?: string;
  readonly drillId?: string;
}) => (
  <Page title="Restore points" crumbs={[{ label: 'Restore points' }]}>
    <h1>Restore points</h1>
  </Page>
);
