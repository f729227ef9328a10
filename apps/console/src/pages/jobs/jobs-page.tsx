import { Page } from '../../shell/page.tsx';

/** Jobs. */
export const JobsPage = (_: {
  readonly planId?: string;
  readonly jobId?: string | undefined;
  readonly restoreId?: string;
  readonly drillId?: string;
}) => (
  <Page title="Jobs" crumbs={[{ label: 'Jobs' }]}>
    <h1>Jobs</h1>
  </Page>
);
