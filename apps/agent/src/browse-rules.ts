import type { Clock } from '@fortfail/base';
import { BrowseGuard } from './browse/browse-guard.ts';
import type { Host } from './host.ts';

/** Who may look into this host's restore points: by its policy, its owner's roster, and consents given here. */
export function browseGuard({ watch, alarms, consents, rosters, site, identity }: Host, clock: Clock): BrowseGuard {
  return new BrowseGuard({
    clock,
    agentId: () => identity.id ?? '',
    isResident: site === undefined,
    rules: async () => (await watch.read(alarms)).policy,
    roster: async () => rosters.current() ?? null,
    useConsent: async (digest) => {
      if (await consents.has(digest)) {
        await consents.use(digest);
        return true;
      }
      await consents.ask(digest, 'show files in the restore points of this host, sealed to one browser tab, for 15 minutes');
      return false;
    },
  });
}
