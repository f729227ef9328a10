import { asFortFailError } from '@fortfail/base';
import { acceptSlot } from './accept-slot-job.ts';
import { applyRestoreJob } from './apply-restore-job.ts';
import { backUp } from './backup-job.ts';
import { checkRepository } from './check-job.ts';
import { drillPoint } from './drill-job.ts';
import { escrow } from './escrow-job.ts';
import { forget } from './forget-job.ts';
import { grantSlot } from './grant-slot-job.ts';
import { initialise } from './initialise-job.ts';
import type { JobEnd, JobParts, PerformJob } from './job-context.ts';
import { proposeRestoreJob } from './propose-restore-job.ts';

const beginnings = {
  initialise: 'makes the repository',
  backup: 'reads the sources',
  check: 'checks the repository',
  drill: 'restores the point into scratch',
  'propose-restore': 'compares the point with the disk',
  'apply-restore': 'restores what was agreed',
  forget: 'moves the points into the trash',
  escrow: 'seals a key to the recovery key',
  'grant-slot': 'makes a key for another host',
  'accept-slot': 'takes a key of another host',
} as const;

/** Every kind of job with what does it. The job's own log says how it began and how it ended. */
export function jobPerformer(parts: JobParts): PerformJob {
  const perform = performers(parts);
  return async (payload, voice) => {
    voice.log('info', `${parts.config.hostname} ${beginnings[payload.kind]}, ${parts.programVersion}`);
    try {
      const end = await perform(payload, voice);
      voice.log(endLevels[end.status], end.summary);
      return end;
    } catch (error) {
      const { message, hint } = asFortFailError(error);
      voice.log('error', hint === undefined ? message : `${message}. ${hint}`);
      throw error;
    }
  };
}

const endLevels = { succeeded: 'info', partial: 'warn', failed: 'error' } as const satisfies Record<JobEnd['status'], string>;

function performers(parts: JobParts): PerformJob {
  return (payload, voice) => {
    switch (payload.kind) {
      case 'initialise':
        return initialise(payload, voice, parts);
      case 'backup':
        return backUp(payload, voice, parts);
      case 'check':
        return checkRepository(payload, voice, parts);
      case 'drill':
        return drillPoint(payload, voice, parts);
      case 'propose-restore':
        return proposeRestoreJob(payload, voice, parts);
      case 'apply-restore':
        return applyRestoreJob(payload, voice, parts);
      case 'forget':
        return forget(payload, voice, parts);
      case 'escrow':
        return escrow(payload, voice, parts);
      case 'grant-slot':
        return grantSlot(payload, voice, parts);
      case 'accept-slot':
        return acceptSlot(payload, voice, parts);
    }
  };
}
