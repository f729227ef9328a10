import { call } from '../api/call.ts';
import { queryClient } from '../api/queries.ts';
import { live } from '../api/session.ts';
import { tellNotDone } from '../api/verbs.ts';

/** Ends the session here and at the server; nothing that was read stays in the page. */
export const signOut = async (): Promise<void> => {
  try {
    await call('signOut');
  } catch (error) {
    tellNotDone('You are still signed in', error);
    return;
  }
  live.stop();
  queryClient.clear();
  location.assign('/sign-in');
};
