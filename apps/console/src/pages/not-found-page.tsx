import { Page } from '../shell/page.tsx';
import { ButtonLink } from '../ui/button.tsx';

/** An address that leads nowhere. */
export const NotFoundPage = () => (
  <Page title="Not found" crumbs={[{ label: 'Not found' }]}>
    <div className="head">
      <div>
        <h1>There is no such page</h1>
        <p className="sub">The address may be mistyped, or from another version. What you look for is in the menu, or under Find or do.</p>
      </div>
    </div>
    <div className="row">
      <ButtonLink href="/" kind="primary">
        To the overview
      </ButtonLink>
    </div>
  </Page>
);
