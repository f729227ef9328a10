import { Page } from '../../shell/page.tsx';

/** Drill. */
export const DrillPage = (_: {
  readonly planId?: string;
  readonly jobId?: string | undefined;
  readonly restoreId?: string;
  readonly drillId?: string;
}) => (
  <Page title="Drill" crumbs={[{ label: 'Drill' }]}>
    <h1>Drill</h1>
  </Page>
);
