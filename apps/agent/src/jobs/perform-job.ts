import { applyRestoreJob } from './apply-restore-job.ts';
import { backUp } from './backup-job.ts';
import { checkRepository } from './check-job.ts';
import { drillPoint } from './drill-job.ts';
import { forget } from './forget-job.ts';
import { initialise } from './initialise-job.ts';
import type { JobParts, PerformJob } from './job-context.ts';
import { proposeRestoreJob } from './propose-restore-job.ts';

/** Every kind of job with what does it. */
export function jobPerformer(parts: JobParts): PerformJob {
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
    }
  };
}
