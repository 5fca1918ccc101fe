import { constantRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborMap } from '../codec/cbor-value.js';
import { loadCrypto } from '../crypto/index.js';
import { withRandomSource } from '../crypto/provider.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_LOGIN_DATA_SIZE } from '../limits.js';
import { EntryPoints } from '../model/user-static-data.js';
import v from '../../../../vectors/05/login-data.json' with { type: 'json' };
import secrets from '../../../../vectors/05/secret-generation.json' with { type: 'json' };
import { BlockWrite, PointerWrite } from './block-write.js';
import { LoginData } from './login-data.js';
import { LoginResponse } from './login-response.js';
import { MultiFactorAuthRequest } from './mfa.js';

const crypto = await loadCrypto();
const identity = SigningKeyPair.fromSeed(crypto, fromHex(v.identitySeed));
const rootKey = SymmetricKey.decode(fromHex(secrets.modern.rootKeyCbor));
const reader = SigningKeyPair.fromSeed(crypto, fromHex(secrets.modern.keyBytes).slice(0, 32)).publicKey;
const entryPoints = EntryPoints.of([], { identity });
const sealed = entryPoints.seal(withRandomSource(crypto, constantRandom(v.nonceByte)), rootKey);
const data = LoginData.of(v.username, sealed, reader);
const update = {
  block: BlockWrite.sign(crypto, identity.signer, Uint8Array.of(0xa0), false),
  pointer: PointerWrite.of(identity.publicKey.hash, new Uint8Array(105).fill(1)),
};

describe('vectors', () => {
  test('entry points', () => {
    expect(toHex(entryPoints.encode())).toBe(v.entryPoints);
    const bytes = sealed.encode();
    expect(bytes.length).toBe(v.userStaticData.length);
    expect(toHex(bytes).startsWith(v.userStaticData.start)).toBe(true);
    expect(toHex(crypto.sha256(bytes))).toBe(v.userStaticData.sha256);
    expect(EntryPoints.open(crypto, rootKey, sealed).equals(entryPoints)).toBe(true);
  });

  test('login data and its signature', () => {
    const bytes = data.encode();
    expect(bytes.length).toBe(v.loginData.length);
    expect(toHex(crypto.sha256(bytes))).toBe(v.loginData.sha256);
    expect(toHex(data.sign(crypto, identity.secretKey))).toBe(v.auth);
    expect(LoginData.decode(bytes).equals(data)).toBe(true);
    expect(data.isSignedBy(crypto, identity.publicKey, fromHex(v.auth))).toBe(true);
    expect(data.isSignedBy(crypto, reader, fromHex(v.auth))).toBe(false);
    expect(data.isSignedBy(crypto, identity.publicKey, new Uint8Array())).toBe(false);
  });

  test('login response', () => {
    const response = LoginResponse.ofEntryPoints(sealed);
    expect(toHex(response.encode()).startsWith(v.loginResponse.start)).toBe(true);
    const read = LoginResponse.decode(response.encode());
    expect(read.equals(response)).toBe(true);
    expect(read.entryPoints?.equals(sealed)).toBe(true);
    expect(read.request).toBeUndefined();
  });

  test.each(v.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => LoginData.decode(fromHex(cbor))).toThrow(FormatError);
  });
});

describe('password change', () => {
  const changed = LoginData.of(v.username, sealed, reader, update);
  const fields = new Map(changed.toCbor() as CborMap);

  test('carries block and pointer', () => {
    const read = LoginData.decode(changed.encode());
    expect(read.equals(changed)).toBe(true);
    expect(read.identityUpdate?.block.equals(update.block)).toBe(true);
    expect(read.identityUpdate?.pointer.equals(update.pointer)).toBe(true);
    expect(read.equals(data)).toBe(false);
    expect(data.equals(read)).toBe(false);
    expect(read.withoutIdentityUpdate().equals(data)).toBe(true);
  });

  test.each(['b', 'p'])('only %s: ignored', (missing) => {
    const half = new Map(fields);
    half.delete(missing);
    expect(LoginData.decode(encodeCbor(half)).equals(data)).toBe(true);
  });
});

test('responses are told apart', () => {
  const request = LoginResponse.ofRequest(MultiFactorAuthRequest.of([], new Uint8Array(32)));
  const granted = LoginResponse.ofEntryPoints(sealed);
  expect(request.equals(granted)).toBe(false);
  expect(granted.equals(request)).toBe(false);
  expect(request.equals(LoginResponse.ofRequest(MultiFactorAuthRequest.of([], new Uint8Array(32))))).toBe(true);
  // The flag decides, not the form of what follows.
  const swapped = new Map([...(granted.toCbor() as CborMap), ['a', false] as const]);
  expect(() => LoginResponse.decode(encodeCbor(swapped))).toThrow(FormatError);
});

test('MAX_LOGIN_DATA_SIZE', () => {
  const sized = (extra: number): Uint8Array => {
    const block = BlockWrite.of(identity.publicKey.hash, new Uint8Array(96), new Uint8Array(11_000 + extra).fill(1), false);
    return LoginData.of(v.username, sealed, reader, { block, pointer: update.pointer }).encode();
  };
  const extra = MAX_LOGIN_DATA_SIZE - sized(0).length;
  const largest = sized(extra);
  expect(largest.length).toBe(MAX_LOGIN_DATA_SIZE);
  expect(LoginData.decode(largest).encode()).toEqual(largest);
  expect(() => LoginData.decode(sized(extra + 1))).toThrow(LimitError);
});

test('arguments are checked', () => {
  expect(() => LoginData.of('a b', sealed, reader)).toThrow(ArgumentError);
  expect(() => LoginData.of('a', sealed.encode() as never, reader)).toThrow(ArgumentError);
  expect(() => LoginData.of('a', sealed, identity as never)).toThrow(ArgumentError);
  expect(() => LoginData.of('a', sealed, reader, { ...update, block: update.pointer as never })).toThrow(ArgumentError);
  expect(() => LoginData.of('a', sealed, reader, { ...update, pointer: update.block as never })).toThrow(ArgumentError);
  expect(() => LoginData.decode('a0' as never)).toThrow(ArgumentError);
  expect(() => LoginResponse.ofEntryPoints({} as never)).toThrow(ArgumentError);
  expect(() => LoginResponse.ofRequest(sealed as never)).toThrow(ArgumentError);
});
