import { Page } from '../../shell/page.tsx';

/** Plan. */
export const PlanPage = (_: {
  readonly planId?: string;
  readonly jobId?: string | undefined;
  readonly restoreId?: string;
  readonly drillId?: string;
}) => (
  <Page title="Plan" crumbs={[{ label: 'Plan' }]}>
    <h1>Plan</h1>
  </Page>
);
