import type { Overview } from '@fortfail/protocol';
import { counted, size } from '../../format/quantity.ts';
import { Card } from '../../ui/card.tsx';

/** Where the restore points lie and how much they take. */
export const Repositories = ({ repositories }: Pick<Overview, 'repositories'>) => (
  <Card title="Storage" note={counted(repositories.length, 'repository', 'repositories')} flush>
    <ul className="stores">
      {repositories.map(({ id, name, location, storedBytes, points }) => (
        <li key={id}>
          <div className="col store-name">
            <b className="m el">{name}</b>
            <code className="xs dim wrap-any">{location}</code>
          </div>
          <div className="col store-size">
            <b className="m nw" title={storedBytes === null ? undefined : `${storedBytes} bytes`}>
              {storedBytes === null ? 'unknown' : size(storedBytes)}
            </b>
            <span className="xs sec nw">{counted(points, 'point')}</span>
          </div>
        </li>
      ))}
    </ul>
  </Card>
);
