import { Secret } from '@fortfail/base';
import { describe, expect, it } from 'vitest';
import { createLogger, redact } from './logger.ts';

const canaries = [
  'ffjoin1eyJ2IjoxLCJ1IjoiaHR0cHM6Ly9mZiJ9.abc123',
  'ffp_0123456789ab_0123456789012345678901234567890123456789012_abcdef',
  'AGE-SECRET-KEY-1QQPQYR6XLKJ0QZYVY9MAZ5LCG4',
  'AKIAIOSFODNN7EXAMPLE',
  'FFSHARE1QYPSXQCRQVPS0YZG3',
  'fft_0123456789abcdef_0123456789012345678901234567890123456789012abcdef',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl',
];

describe('the log', () => {
  it('never shows a secret, wherever it stands', () => {
    const lines: string[] = [];
    const logger = createLogger('debug', { write: (line: string) => void lines.push(line) });
    for (const canary of canaries) {
      logger.info(
        { component: 'test', text: `before ${canary} after`, password: canary, nested: { token: canary, deep: [{ text: `x ${canary}` }] } },
        'a constant',
      );
      logger.error({ err: new Error(`failed with ${canary}`) }, 'a constant');
      logger.child({ where: canary }).warn({}, 'a constant');
    }
    logger.info(
      { url: 'postgresql://ann:hunter2@db/ff', held: new Secret('hunter2'), link: 'http://localhost:8000/sign-in#link=hunter2hunter2' },
      'a constant',
    );
    const all = lines.join('');
    for (const canary of [...canaries, 'hunter2']) expect(all).not.toContain(canary);
    expect(lines).toHaveLength(canaries.length * 3 + 1);
  });

  it('writes one JSON object per line with time, level and message', () => {
    const lines: string[] = [];
    createLogger('info', { write: (line: string) => void lines.push(line) }).info({ component: 'test', count: 2 }, 'done');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', component: 'test', count: 2, msg: 'done' });
  });

  it('takes queries and passwords out of addresses', () => {
    expect(redact('see https://a.example/x?token=1 and s3://key:secret@bucket/p')).toBe(
      'see https://a.example/x?[secret] and s3://[secret]@bucket/p',
    );
    expect(redact('plain text stays')).toBe('plain text stays');
  });
});
