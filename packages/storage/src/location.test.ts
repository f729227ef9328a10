import { resolve } from 'node:path';
import { isFortFailError } from '@fortfail/base';
import { describe, expect, it } from 'vitest';
import { formatLocation, parseLocation } from './location.ts';

const kindOf = (text: string): string => {
  try {
    parseLocation(text);
    return 'fine';
  } catch (error) {
    return isFortFailError(error) ? error.kind : 'unclassified';
  }
};

describe('parseLocation', () => {
  it('takes folders with and without a scheme, and makes them absolute', () => {
    expect(parseLocation('/srv/main')).toEqual({ kind: 'local', path: '/srv/main' });
    expect(parseLocation('local:/srv/main/')).toEqual({ kind: 'local', path: '/srv/main' });
    expect(parseLocation('repo')).toEqual({ kind: 'local', path: resolve('repo') });
    expect(parseLocation('local:../repo')).toEqual({ kind: 'local', path: resolve('../repo') });
    expect(parseLocation('./a:b')).toEqual({ kind: 'local', path: resolve('a:b') });
  });

  it('refuses other schemes and empty addresses', () => {
    for (const text of ['s3:https://host/bucket', 'sftp:user@host:/x', 'rest:http://x/', 'b2:x', '', 'local:', 'a\0b']) {
      expect(kindOf(text), text).toBe('invalid-input');
    }
  });

  it('reads back what formatLocation wrote', () => {
    for (const path of ['/', '/srv/a b', '/srv/ü/x:y']) {
      expect(parseLocation(formatLocation({ kind: 'local', path }))).toEqual({ kind: 'local', path });
    }
  });
});
