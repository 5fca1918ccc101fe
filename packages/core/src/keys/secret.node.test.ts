import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { loadCrypto } from '../crypto/index.js';
import { Bat } from './bat.js';
import { BoxingKeyPair } from './boxing-key.js';
import { SigningKeyPair } from './signing-key.js';
import { SymmetricKey } from './symmetric-key.js';

const crypto = await loadCrypto();
const bat = Bat.generate(crypto);
const signing = SigningKeyPair.generate(crypto);
const boxing = BoxingKeyPair.generateHybrid(crypto);

test.each([
  SymmetricKey.generate(crypto),
  bat,
  bat.withCalculatedId(crypto),
  bat.inlineId(),
  signing,
  signing.secretKey,
  signing.signer,
  boxing,
  boxing.secretKey,
  boxing.secretKey.curve25519,
])('console.log of a secret in Node shows nothing of it', (value) => {
  for (const output of [
    inspect(value),
    inspect({ nested: { deep: [value] } }, { depth: 10, showHidden: true }),
    inspect(new Map([['key', value]])),
  ]) {
    expect(output).toContain('redacted');
    expect(output).not.toContain('Uint8Array');
  }
});
