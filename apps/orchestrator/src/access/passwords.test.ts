import { describe, expect, it } from 'vitest';
import { Passwords } from './passwords.ts';

describe('passwords', () => {
  it('verifies what it hashed, and nothing else', async () => {
    const passwords = new Passwords();
    const stored = await passwords.hash('paßwort mit Umlaut ä');
    expect(await passwords.verify(stored, 'paßwort mit Umlaut a\u0308')).toBe(true);
    expect(await passwords.verify(stored, 'passwort mit Umlaut ä')).toBe(false);
    expect(await passwords.verify(null, 'anything')).toBe(false);
    expect(await passwords.verify('plain text', 'plain text')).toBe(false);
  });

  it('gives the same password another hash each time', async () => {
    const passwords = new Passwords();
    expect(await passwords.hash('same')).not.toBe(await passwords.hash('same'));
  });

  it('refuses with 429 beyond four at work and 64 waiting', async () => {
    const passwords = new Passwords();
    const results = await Promise.allSettled(Array.from({ length: 75 }, () => passwords.hash('flood')));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(7);
    expect(refused[0]?.reason).toMatchObject({ status: 429, code: 'too-many-sign-ins' });
  });
});
