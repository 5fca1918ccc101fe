import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { PaddedAsymmetricCipherText } from '../containers/asymmetric-cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { BoxingKeyPair } from '../keys/boxing-key.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { EntryPoints } from '../model/user-static-data.js';
import v from '../../../../vectors/05/user-snapshot.json' with { type: 'json' };
import { BlindFollowRequest } from './blind-follow-request.js';
import { BlockWrite, PointerWrite } from './block-write.js';
import { LinkCounts } from './link-counts.js';
import { LoginData } from './login-data.js';
import { UserSnapshot, type UserSnapshotParts } from './user-snapshot.js';

const crypto = await loadCrypto();
const owner = SigningKeyPair.fromSeed(crypto, fromHex(v.ownerSeed));
const other = SigningKeyPair.fromSeed(crypto, fromHex(v.otherSeed));
const parts: UserSnapshotParts = {
  username: v.username,
  owner: owner.publicKey.hash,
  followRequests: [],
  pointers: [
    { writer: owner.publicKey.hash, signed: fromHex(v.ownerPointer) },
    { writer: other.publicKey.hash, signed: fromHex(v.otherPointer) },
  ],
  bats: [Bat.of(fromHex(v.bat)).withMirrorId(crypto)],
  linkCounts: LinkCounts.of([]),
};

describe('vectors', () => {
  test('snapshot', () => {
    const snapshot = UserSnapshot.of(parts);
    expect(toHex(snapshot.encode())).toBe(v.cbor);
    const read = UserSnapshot.decode(fromHex(v.cbor));
    expect(read.equals(snapshot)).toBe(true);
    expect(read.login).toBeUndefined();
  });

  test.each(v.linkCounts)('link counts $cbor', ({ counts, cbor }) => {
    const made = LinkCounts.of(
      (counts as unknown as [string, number, number][]).map(([label, count, modified]) => ({ label: BigInt(label), count, modified })),
    );
    expect(toHex(made.encode())).toBe(cbor);
    expect(LinkCounts.decode(fromHex(cbor)).equals(made)).toBe(true);
  });

  test.each(v.invalid)('refused snapshot: $reason', ({ cbor }) => {
    expect(() => UserSnapshot.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test.each(v.invalidLinkCounts)('refused link counts: $reason', ({ cbor }) => {
    expect(() => LinkCounts.decode(fromHex(cbor))).toThrow(FormatError);
  });
});

test('another order of pointers is read and kept', () => {
  const [first, second] = UserSnapshot.of(parts).pointers;
  const swapped = v.cbor.replace(
    `${toHex(first?.writer.encode() ?? new Uint8Array())}4102${toHex(second?.writer.encode() ?? new Uint8Array())}4101`,
    `${toHex(second?.writer.encode() ?? new Uint8Array())}4101${toHex(first?.writer.encode() ?? new Uint8Array())}4102`,
  );
  expect(swapped).not.toBe(v.cbor);
  const read = UserSnapshot.decode(fromHex(swapped));
  expect(toHex(read.encode())).toBe(swapped);
  expect(read.pointers[0]?.writer.equals(owner.publicKey.hash)).toBe(true);
});

test('a full snapshot survives, without the identity update of its login data', () => {
  const boxer = BoxingKeyPair.generateCurve25519(crypto);
  const request = BlindFollowRequest.of(
    PaddedAsymmetricCipherText.seal(crypto, boxer.publicKey, boxer.secretKey, 'hi', 512),
    boxer.publicKey,
  );
  const update = {
    block: BlockWrite.sign(crypto, owner.signer, Uint8Array.of(0xa0), false),
    pointer: PointerWrite.of(owner.publicKey.hash, Uint8Array.of(1)),
  };
  const login = LoginData.of('alice', EntryPoints.of([]).seal(crypto, SymmetricKey.generate(crypto)), owner.publicKey, update);
  const snapshot = UserSnapshot.of({
    ...parts,
    followRequests: [request],
    login,
    linkCounts: LinkCounts.of([{ label: 2n ** 63n - 1n, count: 3, modified: 4 }]),
  });
  const read = UserSnapshot.decode(snapshot.encode());
  expect(read.equals(snapshot)).toBe(true);
  expect(read.login?.equals(login.withoutIdentityUpdate())).toBe(true);
  expect(read.followRequests[0]?.equals(request)).toBe(true);
});

test('arguments are checked', () => {
  for (const bad of [
    { username: '' },
    { owner: {} as never },
    { followRequests: [{} as never] },
    { bats: [{} as never] },
    { login: {} as never },
    { linkCounts: {} as never },
    { pointers: [...parts.pointers, ...parts.pointers] },
    { pointers: [{ writer: owner.publicKey.hash, signed: new Uint8Array() }] },
    { pointers: [{ writer: owner.publicKey.hash, signed: new Uint8Array(148) }] },
    { pointers: [{ writer: {} as never, signed: Uint8Array.of(1) }] },
  ]) {
    expect(() => UserSnapshot.of({ ...parts, ...bad })).toThrow(ArgumentError);
  }
  for (const bad of [{ label: 0 }, { label: 2n ** 63n }, { label: -1n }, { label: 1.5 }, { count: -1 }, { modified: 0.5 }]) {
    expect(() => LinkCounts.of([{ label: 1, count: 1, modified: 1, ...bad }])).toThrow(ArgumentError);
  }
  expect(() => LinkCounts.of({} as never)).toThrow(ArgumentError);
  expect(LinkCounts.of([{ label: 7, count: 1, modified: 2 }]).counts).toEqual([{ label: 7n, count: 1, modified: 2 }]);
});
