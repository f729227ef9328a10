import type { JobProgress } from '@fortfail/protocol';
import { expect, test } from 'vitest';
import { asSentence, jobTitle, progressText } from './job-text.ts';

const progress: JobProgress = {
  phase: 'read',
  filesDone: 1,
  filesTotal: null,
  bytesDone: 620,
  bytesTotal: 1000,
  errors: 0,
  current: [],
  bytesPerSecond: null,
  secondsRemaining: 250,
};

test('a job is named by its verb and its object', () => {
  expect(jobTitle({ kind: 'backup', planName: 'wiki-db' })).toBe('Back up wiki-db');
  expect(jobTitle({ kind: 'check', planName: null })).toBe('Check');
  expect(jobTitle({ kind: 'propose-restore', planName: null })).toBe('Propose a restore');
});

test('what others said becomes a sentence', () => {
  expect(asSentence('unable to back up')).toBe('Unable to back up.');
  expect(asSentence('Backed up 3 files.')).toBe('Backed up 3 files.');
});

test('progress says percent and rest, and only bytes while the total is unknown', () => {
  expect(progressText({ status: 'running' }, progress)).toBe('62 %, 4 m 10 s left');
  expect(progressText({ status: 'running' }, { ...progress, bytesTotal: null })).toBe('620 B, read');
  expect(progressText({ status: 'queued' }, null)).toBe('waits');
});
