import { Page } from '../../shell/page.tsx';

/** New restore. */
export const NewRestorePage = (_: {
  readonly planId?: string;
  readonly jobId?: string | undefined;
  readonly restoreId?: string;
  readonly drillId?: string;
}) => (
  <Page title="New restore" crumbs={[{ label: 'New restore' }]}>
    <h1>New restore</h1>
  </Page>
);
