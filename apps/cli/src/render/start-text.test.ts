import type { Job } from '@fortfail/protocol';
import { describe, expect, it } from 'vitest';
import { progressLine, startText } from './start-text.ts';

const job = { status: 'running', progress: null, error: null, outcome: null } as unknown as Job;

describe('the screen of start', () => {
  it('shows a plan at work, with a bar as soon as the whole is known', () => {
    expect(progressLine({ plan: 'docs', doing: 'backup', job })).toBe('docs  backing up  running');
    const progress = {
      phase: 'read',
      filesDone: 1204,
      filesTotal: 5000,
      bytesDone: 5e7,
      bytesTotal: 1e8,
      errors: 0,
      current: [],
      bytesPerSecond: 1e7,
      secondsRemaining: 5,
    };
    expect(progressLine({ plan: 'docs', doing: 'drill', job: { ...job, progress } as Job })).toBe(
      'docs  drilling    [############............]  1,204 files  50.0 MB of 100 MB  5.0 s left',
    );
  });

  it('says what could not be protected or proven, and what to type next', () => {
    const text = startText({
      summary: {
        data: '/d',
        url: 'http://localhost:8000',
        repository: '/d/repositories/main',
        passwordFile: "/d/it's",
        restorePoints: [],
        drills: [],
        tookSeconds: 12,
      },
      proofs: [{ plan: 'docs', kind: 'files', point: undefined, drill: undefined, problems: ['the disk is full'] }],
      loginLink: 'http://localhost:8000/sign-in#link=x',
      command: (verb) => `./fortfail ${verb}`,
      staysUp: true,
      missing: [{ path: '/gone', reason: 'it does not exist' }],
    });
    for (const part of [
      'not protected',
      'the disk is full',
      'Not protected: /gone, it does not exist',
      './fortfail plan show docs',
      `RESTIC_PASSWORD_FILE='/d/it'\\''s'`,
      'Ctrl-C',
    ])
      expect(text).toContain(part);
  });
});
