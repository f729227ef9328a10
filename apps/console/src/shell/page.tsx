import { createContext, type ReactNode, useContext, useEffect } from 'react';

/** A step of the way to the page shown in the bar. */
export interface Crumb {
  readonly label: string;
  readonly href?: string;
}

/** What a page tells the frame around it. */
export interface PageFacts {
  readonly title: string;
  readonly crumbs: readonly Crumb[];
  /** The plan that the letters b, d and r act on when no row is chosen. */
  readonly plan?: { readonly id: string; readonly name: string } | undefined;
}

export const PageContext = createContext<(facts: PageFacts) => void>(() => undefined);

interface PageProps extends PageFacts {
  readonly children: ReactNode;
}

/** The content of a page: names itself to the tab, the bar and the keys. */
export const Page = ({ title, crumbs, plan, children }: PageProps) => {
  const tell = useContext(PageContext);
  const trail = JSON.stringify(crumbs);
  const planId = plan?.id;
  const planName = plan?.name;
  useEffect(() => {
    document.title = `${title} · FortFail`;
    tell({ title, crumbs: JSON.parse(trail) as Crumb[], plan: planId && planName ? { id: planId, name: planName } : undefined });
  }, [tell, title, trail, planId, planName]);
  return children;
};
