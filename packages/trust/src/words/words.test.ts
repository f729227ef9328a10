import { createHash } from 'node:crypto';
import { entropyToMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateSealingKey } from '../envelope/envelope.ts';
import { SigningKey } from '../ssh/signing-key.ts';
import { agentWords } from './agent-words.ts';
import { sixWords } from './six-words.ts';

describe('six words', () => {
  test('are the first six of the BIP 39 mnemonic of the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(sixWords(bytes)).toEqual(entropyToMnemonic(bytes, wordlist).split(' ').slice(0, 6));
      }),
    );
  });

  test('are the same in whatever form a digest is written', () => {
    const digest = createHash('sha256').update('x').digest();
    const words = sixWords(digest);
    const base64 = digest.toString('base64').replace(/=+$/, '');
    for (const form of [digest.toString('hex'), `sha256:${digest.toString('hex')}`, `SHA256:${base64}`, digest.toString('base64url')]) {
      expect(sixWords(form)).toEqual(words);
    }
  });

  test.each(['', 'abc', 'sha256:', `${'a'.repeat(63)}`, 'agt_0123456789abcdef'])('refuse %j', (text) => {
    expect(() => sixWords(text)).toThrow(expect.objectContaining({ kind: 'invalid-input', code: 'words-digest' }));
  });

  test('of an agent change with each of its keys, and not with a comment', async () => {
    const keys = { identity: 'A'.repeat(43), sealing: (await generateSealingKey()).recipient, signing: SigningKey.generate().publicLine };
    const words = agentWords(keys);
    expect(words).toHaveLength(6);
    expect(agentWords({ ...keys, signing: `${keys.signing} on web1` })).toEqual(words);
    expect(agentWords({ ...keys, signing: SigningKey.generate().publicLine })).not.toEqual(words);
    expect(agentWords({ ...keys, sealing: (await generateSealingKey()).recipient })).not.toEqual(words);
    expect(agentWords({ ...keys, identity: 'B'.repeat(43) })).not.toEqual(words);
  });
});
