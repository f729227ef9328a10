import { Page } from '../../shell/page.tsx';

/** Drills. */
export const DrillsPage = (_: {
  readonly planId?: string;
  readonly jobId?: string | undefined;
  readonly restoreId?: string;
  readonly drillId?: string;
}) => (
  <Page title="Drills" crumbs={[{ label: 'Drills' }]}>
    <h1>Drills</h1>
  </Page>
);
