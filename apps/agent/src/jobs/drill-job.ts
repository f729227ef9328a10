import { FortFailError } from '@fortfail/base';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';

export async function drillPoint(_payload: PayloadOf<'drill'>, _voice: JobVoice, _parts: JobParts): Promise<JobEnd> {
  throw new FortFailError({ kind: 'bug', code: 'not-built', message: 'unable to drill yet' });
}
