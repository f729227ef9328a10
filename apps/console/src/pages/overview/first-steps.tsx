import { Card } from '../../ui/card.tsx';

/** The first five minutes: nothing is protected yet, and how to begin. */
export const FirstSteps = () => (
  <Card title="Begin" note="nothing is protected yet">
    <div className="col gap-3">
      <p>
        <b className="m">Name a folder in the terminal.</b>{' '}
        <span className="sec">
          It is backed up, restored into a scratch folder and compared byte by byte within minutes. This page follows by itself.
        </span>
      </p>
      <pre className="code">
        <code>npm start -- --protect /path/to/a/folder</code>
      </pre>
    </div>
  </Card>
);
