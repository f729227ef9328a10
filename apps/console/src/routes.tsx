import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { OverviewPage } from './pages/overview/overview-page.tsx';
import { Frame } from './shell/frame.tsx';
import { Skeleton } from './ui/states.tsx';

const SignInPage = lazy(async () => ({ default: (await import('./pages/sign-in/sign-in-page.tsx')).SignInPage }));
const PlansPage = lazy(async () => ({ default: (await import('./pages/plan/plans-page.tsx')).PlansPage }));
const PlanPage = lazy(async () => ({ default: (await import('./pages/plan/plan-page.tsx')).PlanPage }));
const PointsPage = lazy(async () => ({ default: (await import('./pages/points/points-page.tsx')).PointsPage }));
const ExplorerPage = lazy(async () => ({ default: (await import('./pages/points/explorer-page.tsx')).ExplorerPage }));
const ComparePage = lazy(async () => ({ default: (await import('./pages/points/compare-page.tsx')).ComparePage }));
const NewRestorePage = lazy(async () => ({ default: (await import('./pages/restore/new-restore-page.tsx')).NewRestorePage }));
const RestorePage = lazy(async () => ({ default: (await import('./pages/restore/restore-page.tsx')).RestorePage }));
const RestoresPage = lazy(async () => ({ default: (await import('./pages/restore/restores-page.tsx')).RestoresPage }));
const JobsPage = lazy(async () => ({ default: (await import('./pages/jobs/jobs-page.tsx')).JobsPage }));
const DrillsPage = lazy(async () => ({ default: (await import('./pages/drills/drills-page.tsx')).DrillsPage }));
const DrillPage = lazy(async () => ({ default: (await import('./pages/drills/drill-page.tsx')).DrillPage }));
const AgentsPage = lazy(async () => ({ default: (await import('./pages/agents/agents-page.tsx')).AgentsPage }));
const AgentPage = lazy(async () => ({ default: (await import('./pages/agents/agent-page.tsx')).AgentPage }));
const AlertsPage = lazy(async () => ({ default: (await import('./pages/alerts/alerts-page.tsx')).AlertsPage }));
const AuditPage = lazy(async () => ({ default: (await import('./pages/audit/audit-page.tsx')).AuditPage }));
const KitPage = lazy(async () => ({ default: (await import('./pages/kit/kit-page.tsx')).KitPage }));
const PersonsPage = lazy(async () => ({ default: (await import('./pages/persons/persons-page.tsx')).PersonsPage }));

/** Every address of the console. The overview comes with the first load, the others when they are opened. */
export const Routes = () => (
  <Suspense>
    <Switch>
      <Route path="/sign-in">
        <SignInPage />
      </Route>
      <Route>
        <Frame>
          <Suspense fallback={<Skeleton rows={8} />}>
            <Switch>
              <Route path="/">
                <OverviewPage />
              </Route>
              <Route path="/plans">
                <PlansPage />
              </Route>
              <Route path="/plans/:planId">{({ planId }) => <PlanPage key={planId} planId={planId} />}</Route>
              <Route path="/points">
                <PointsPage />
              </Route>
              <Route path="/points/:pointId/files">{({ pointId }) => <ExplorerPage pointId={pointId} />}</Route>
              <Route path="/points/:pair">{({ pair }) => <ComparePage pair={pair} />}</Route>
              <Route path="/restores">
                <RestoresPage />
              </Route>
              <Route path="/restores/new">
                <NewRestorePage />
              </Route>
              <Route path="/restores/:restoreId">{({ restoreId }) => <RestorePage key={restoreId} restoreId={restoreId} />}</Route>
              <Route path="/jobs/:jobId?">{({ jobId }) => <JobsPage jobId={jobId} />}</Route>
              <Route path="/drills">
                <DrillsPage />
              </Route>
              <Route path="/drills/:drillId">{({ drillId }) => <DrillPage key={drillId} drillId={drillId} />}</Route>
              <Route path="/agents">
                <AgentsPage />
              </Route>
              <Route path="/agents/:agentId">{({ agentId }) => <AgentPage key={agentId} agentId={agentId} />}</Route>
              <Route path="/alerts">
                <AlertsPage />
              </Route>
              <Route path="/audit">
                <AuditPage />
              </Route>
              <Route path="/kit">
                <KitPage />
              </Route>
              <Route path="/persons">
                <PersonsPage />
              </Route>
              <Route>
                <NotFoundPage />
              </Route>
            </Switch>
          </Suspense>
        </Frame>
      </Route>
    </Switch>
  </Suspense>
);
