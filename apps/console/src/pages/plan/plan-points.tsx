import type { PlanState } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useRouteQuery } from '../../api/queries.ts';
import { count, size } from '../../format/quantity.ts';
import { Card } from '../../ui/card.tsx';
import { Answer } from '../../ui/states.tsx';
import { GradePip } from '../../ui/status.tsx';
import { Age, Moment } from '../../ui/time.tsx';

/** The newest points; the whole list has its own page. */
export const PlanPoints = ({ state: { plan } }: { readonly state: PlanState }) => {
  const query = useRouteQuery('listRestorePoints', { query: { planId: plan.id, limit: 10 } });
  return (
    <Card
      title="Restore points"
      note="newest first"
      busy={query.isPending}
      flush
      action={
        <Link className="lk xs" href={`/points?plan=${plan.id}`}>
          All points<span className="vh"> of {plan.name}</span>
        </Link>
      }
    >
      <Answer query={query} failed="The restore points could not be read." works="They are still there." rows={6}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="in-pad sec">There is none yet. The first backup makes one.</p>
          ) : (
            <div className="tw">
              <table className="t">
                <thead>
                  <tr>
                    <th scope="col">Taken</th>
                    <th scope="col">Age</th>
                    <th scope="col">Grade</th>
                    <th scope="col" className="num">
                      Files
                    </th>
                    <th scope="col" className="num">
                      Size
                    </th>
                    <th scope="col" className="num">
                      Added
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((point) => (
                    <tr key={point.id}>
                      <td>
                        <Link className="m" data-row href={`/points/${point.id}/files`} title="Look into this point">
                          <Moment at={point.time} />
                        </Link>
                      </td>
                      <td className="sec">
                        <Age at={point.time} />
                      </td>
                      <td>
                        <GradePip grade={point.grade} />
                      </td>
                      <td className="num sec">{count(point.files)}</td>
                      <td className="num sec">{size(point.bytes)}</td>
                      <td className="num sec">{size(point.addedBytes)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Answer>
    </Card>
  );
};
