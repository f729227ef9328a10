import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { pagedQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { Page } from '../../shell/page.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer } from '../../ui/states.tsx';
import { personsTitle } from '../../view/person-views.ts';
import { InviteDialog } from './invite-dialog.tsx';
import { PersonList } from './person-list.tsx';
import { Tokens } from './tokens.tsx';
import './persons.css';

/** Who may come in and what they may do, and one's own keys for programs. */
export const PersonsPage = () => {
  const query = useInfiniteQuery(pagedQuery('listPersons', { query: { limit: 100 } }));
  const persons = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const stop = useVerbStop('edit-person');
  const [isInviting, setInviting] = useState(false);
  return (
    <Page title="Persons" crumbs={[{ label: 'Persons and tokens' }]}>
      <div className="head">
        <div>
          <h1>{query.data ? personsTitle(persons) : 'Persons and tokens'}</h1>
          <p className="sub">Rights hold for the whole site, one plan or one host. Every change is on record.</p>
        </div>
        <span className="sp" />
        <div className="verbs">
          <Button kind="primary" stop={stop} onClick={() => setInviting(true)}>
            Invite a person…
          </Button>
        </div>
      </div>
      <Card title="Persons" flush busy={query.isPending}>
        <Answer query={query} failed="The persons could not be read." works="Your own tokens are below." rows={4}>
          {() => (
            <>
              <PersonList persons={persons} stop={stop} />
              <ShowOlder query={query} label="Show more persons" />
            </>
          )}
        </Answer>
      </Card>
      <Tokens />
      {isInviting && <InviteDialog onClose={() => setInviting(false)} />}
      <CommandLine command="fortfail person list" />
    </Page>
  );
};
