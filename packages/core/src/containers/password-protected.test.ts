import * as fc from 'fast-check';
import { constantRandom } from '@pyrgos/testkit/random';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { withRandomSource } from '../crypto/provider.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import { ScryptSecretGeneration } from '../keys/secret-generation-algorithm.js';
import v from '../../../../vectors/01/password-protected.json' with { type: 'json' };
import { PasswordProtected } from './password-protected.js';

const crypto = await loadCrypto();
const cheap = ScryptSecretGeneration.of({ logN: 15, r: 1, length: 32 });

test.each(v.valid)('vector', async ({ password, cleartext, cbor }) => {
  const sealed = await PasswordProtected.seal(withRandomSource(crypto, constantRandom(0x24)), fromHex(cleartext), password);
  expect(toHex(sealed.encode())).toBe(cbor);
  const read = PasswordProtected.decode(fromHex(cbor));
  expect(read.equals(sealed)).toBe(true);
  expect(toHex(await read.open(crypto, password))).toBe(cleartext);
});

test.each(v.invalid)('refused: $reason', ({ cbor }) => {
  expect(() => PasswordProtected.decode(fromHex(cbor))).toThrow(FormatError);
});

test('another password or a changed byte does not open', async () => {
  const sealed = await PasswordProtected.seal(crypto, new Uint8Array(10), 'right', cheap);
  expect(await sealed.open(crypto, 'right')).toEqual(new Uint8Array(10));
  const refused = expect.objectContaining({ code: 'crypto.authentication' });
  await expect(sealed.open(crypto, 'wrong')).rejects.toThrow(refused);
  const bytes = sealed.encode();
  for (const at of [bytes.length - 1, bytes.length - 30, bytes.length - 60]) {
    const changed = PasswordProtected.decode(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    await expect(changed.open(crypto, 'right')).rejects.toThrow(refused);
  }
});

test('an empty secret and an empty password work', async () => {
  const sealed = await PasswordProtected.seal(crypto, new Uint8Array(), '', cheap);
  expect(await PasswordProtected.decode(sealed.encode()).open(crypto, '')).toEqual(new Uint8Array());
});

test('cancelling and bad arguments', async () => {
  const sealed = await PasswordProtected.seal(crypto, new Uint8Array(1), 'p', cheap);
  await expect(sealed.open(crypto, 'p', { signal: AbortSignal.abort() })).rejects.toThrow(expect.objectContaining({ code: 'aborted' }));
  await expect(sealed.open(crypto, '\ud800')).rejects.toThrow(ArgumentError);
  await expect(PasswordProtected.seal(crypto, 'text' as never, 'p', cheap)).rejects.toThrow(ArgumentError);
  await expect(PasswordProtected.seal(crypto, new Uint8Array(), 'p', ScryptSecretGeneration.of())).rejects.toThrow(ArgumentError);
});

test('the decoder gives an error of the family or a value that re-encodes identically', async () => {
  const valid = (await PasswordProtected.seal(crypto, new Uint8Array(4), 'p', cheap)).encode();
  const mutated = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)))
    // A renamed `s` is an unknown key and is dropped.
    .filter((bytes) => toHex(bytes).includes('617360'));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      try {
        expect(PasswordProtected.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
