import type { EngineEvent } from '@fortfail/engine';
import { counted } from './counted.ts';
import type { JobVoice } from './job-context.ts';
import type { ProgressMeter } from './progress-meter.ts';

/** Passes what the engine tells on to the job's own voice: counts as progress, failures as log lines. */
export function hearEngine(voice: JobVoice, meter: ProgressMeter): (event: EngineEvent) => void {
  return (event) => {
    if (event.type === 'progress') voice.progress(meter.measure(event));
    else if (event.type === 'error') voice.log('error', event.error.message, event.item);
  };
}

/** The error of a result that lacks something. */
export function incomplete(count: number, what: string): { readonly kind: 'incomplete'; readonly code: string; readonly message: string } {
  const message = `${counted(count, 'entry', 'entries')} could not be ${what}`;
  return { kind: 'incomplete', code: 'items-failed', message };
}
