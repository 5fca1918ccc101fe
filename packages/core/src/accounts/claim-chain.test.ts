import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { decodeCid } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError, NotFoundError, PyrgosError } from '../errors.js';
import type { KeyLookup } from '../keys/resolve-signing-key.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { signAttached, SigningKeyPair, SigningPrivateKeyAndPublicHash } from '../keys/signing-key.js';
import { MAX_CHAIN_LINKS, MAX_CLAIM_PROVIDER_SIZE, MAX_CLAIM_PROVIDERS } from '../limits.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { Multihash, MultihashCode } from '../codec/multihash.js';
import v from '../../../../vectors/05/claim-chain.json' with { type: 'json' };
import { assertValidChain, decodeChain, encodeChain, homeProvider, isValidClaim, mergeChains } from './claim-chain.js';
import { NEVER_EXPIRES } from './claim-dates.js';
import { UserPublicKeyLink } from './user-public-key-link.js';
import { UsernameClaim } from './username-claim.js';

const crypto = await loadCrypto();
const old = SigningKeyPair.fromSeed(crypto, fromHex(v.oldSeed));
const next = SigningKeyPair.fromSeed(crypto, fromHex(v.newSeed));
const third = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(0x33));
const provider = decodeCid(fromHex(v.provider));
const otherProvider = decodeCid(fromHex(v.zeroId.cid));
const nothing: KeyLookup = {
  hasher: crypto,
  blocks: {
    getBlock: async () => {
      throw new NotFoundError('not-found.block', 'nothing here');
    },
  },
  context: { owner: old.publicKey.hash },
};

const initial = UserPublicKeyLink.createInitial(crypto, old.signer, 'alice', v.initial.expiry, [provider]);
const changed = UserPublicKeyLink.createChain(crypto, old.signer, next.signer, 'alice', v.keyChange.expiry, [provider]);
const linkOf = (pair: SigningKeyPair, expiry: string, at: Cid = provider): UserPublicKeyLink =>
  UserPublicKeyLink.createInitial(crypto, pair.signer, 'alice', expiry, [at]);
const merge = async (existing: readonly UserPublicKeyLink[], updated: readonly UserPublicKeyLink[]): Promise<UserPublicKeyLink[]> =>
  mergeChains(crypto, existing, updated, 'alice', nothing);
const denied = (message: string): unknown => expect.objectContaining({ code: 'denied.chain', message });

describe('vectors', () => {
  test('identity', () => {
    const { hash } = old.publicKey;
    expect(toHex(old.publicKey.bytes)).toBe(v.identity.publicKey);
    expect(toHex(hash.cid.bytes)).toBe(v.identity.cid);
    expect(hash.toString()).toBe(v.identity.text);
    expect(toHex(hash.encode())).toBe(v.identity.cbor);
  });

  test('zero id', () => {
    expect(otherProvider.toString()).toBe(v.zeroId.text);
  });

  test('initial chain', async () => {
    expect(toHex(initial.claim.payload())).toBe(v.initial.payload);
    expect(toHex(initial.encode())).toBe(v.initial.link);
    expect(UserPublicKeyLink.decode(fromHex(v.initial.link)).equals(initial)).toBe(true);
    const bytes = encodeChain([initial]);
    expect(bytes.length).toBe(v.initial.chainLength);
    expect(toHex(crypto.sha256(bytes))).toBe(v.initial.chainSha256);
    await assertValidChain(crypto, decodeChain(bytes), 'alice', nothing);
    expect(homeProvider(decodeChain(bytes))?.equals(provider)).toBe(true);
  });

  test('key change', async () => {
    expect(changed.map((link) => toHex(link.encode()))).toEqual([v.keyChange.first, v.keyChange.second]);
    const bytes = encodeChain(changed);
    expect(bytes.length).toBe(v.keyChange.chainLength);
    expect(toHex(crypto.sha256(bytes))).toBe(v.keyChange.chainSha256);
    await assertValidChain(crypto, decodeChain(bytes), 'alice', nothing);
    expect(decodeChain(bytes)[0]?.keyChange).toHaveLength(109);
  });

  test.each(v.invalidLinks)('refused link: $reason', ({ cbor }) => {
    expect(() => UserPublicKeyLink.decode(fromHex(cbor))).toThrow(FormatError);
  });
});

describe('merging, the table of section 16.5', () => {
  test('initial -> key change chain', async () => {
    const merged = await merge([initial], changed);
    expect(encodeChain(merged)).toEqual(encodeChain(changed));
  });

  test('initial -> same key, earlier expiry', async () => {
    await expect(merge([initial], [linkOf(old, '2030-01-30')])).rejects.toEqual(denied('New claim chain expiry before existing!'));
  });

  test('initial -> same key, same expiry, other provider', async () => {
    const moved = linkOf(old, v.initial.expiry, otherProvider);
    expect(homeProvider(await merge([initial], [moved]))?.equals(otherProvider)).toBe(true);
  });

  test('initial -> other key, one link', async () => {
    await expect(merge([initial], [linkOf(next, '2031-01-01')])).rejects.toEqual(
      denied('User already exists: Invalid key change attempt!'),
    );
  });

  test('initial -> chain starting with another key', async () => {
    const foreign = UserPublicKeyLink.createChain(crypto, next.signer, third.signer, 'alice', '2031-01-01', [provider]);
    await expect(merge([initial], foreign)).rejects.toEqual(denied('Different keys in merge chains intersection!'));
  });

  test('2 links -> only its first link', async () => {
    await expect(merge(changed, changed.slice(0, 1))).rejects.toEqual(denied('Invalid key chain merge!'));
    await expect(merge(changed, [])).rejects.toEqual(denied('Invalid key chain merge!'));
  });

  test('initial -> claim with two providers', async () => {
    const two = UserPublicKeyLink.of(
      old.publicKey.hash,
      UsernameClaim.sign(crypto, old.secretKey, 'alice', '2031-01-01', [provider, otherProvider]),
    );
    await expect(merge([initial], [two])).rejects.toEqual(denied('Invalid key chain merge!'));
  });

  test('2 links -> renewed last link only, or the whole chain', async () => {
    const renewed = linkOf(next, '2031-03-31');
    const expected = encodeChain([changed[0], renewed]);
    expect(encodeChain(await merge(changed, [renewed]))).toEqual(expected);
    expect(encodeChain(await merge(changed, [changed[0], renewed]))).toEqual(expected);
  });

  test('2 links -> back to the first key', async () => {
    const back = UserPublicKeyLink.createChain(crypto, next.signer, old.signer, 'alice', '2031-01-01', [provider]);
    await expect(merge(changed, back)).rejects.toEqual(denied('You cannot reuse a previous password!'));
  });

  test('equal chains and a first chain', async () => {
    expect(encodeChain(await merge(changed, changed))).toEqual(encodeChain(changed));
    expect(encodeChain(await merge([], changed))).toEqual(encodeChain(changed));
    await expect(merge([], [])).rejects.toEqual(denied('Invalid key chain merge!'));
  });

  test('a third key follows the second', async () => {
    const tail = UserPublicKeyLink.createChain(crypto, next.signer, third.signer, 'alice', '2031-01-01', [provider]);
    const merged = await merge(changed, tail);
    expect(merged.map(({ owner }) => owner.toString())).toEqual([old, next, third].map(({ publicKey }) => publicKey.hash.toString()));
    expect(encodeChain(await merge(changed, [changed[0], ...tail]))).toEqual(encodeChain(merged));
  });
});

describe('stricter than the reference', () => {
  test('every claim names the user that is asked for', async () => {
    await expect(mergeChains(crypto, [], [initial], 'bob', nothing)).rejects.toEqual(denied('Invalid key chain merge!'));
    await expect(mergeChains(crypto, [initial], changed, 'bob', nothing)).rejects.toEqual(denied('Invalid key chain merge!'));
    const other = UserPublicKeyLink.createInitial(crypto, old.signer, 'bob', '2031-01-01', [provider]);
    await expect(merge([initial], [other])).rejects.toEqual(denied('Invalid key chain merge!'));
  });

  test('the chain of a new name is validated', async () => {
    const forged = UserPublicKeyLink.of(next.publicKey.hash, initial.claim);
    await expect(merge([], [forged])).rejects.toEqual(denied('Invalid key chain merge!'));
  });
});

describe('validity', () => {
  const claim = (pair: SigningKeyPair, expiry: string, providers: readonly Cid[], username = 'alice'): UsernameClaim =>
    UsernameClaim.sign(crypto, pair.secretKey, username, expiry, providers);
  const invalid = async (chain: readonly UserPublicKeyLink[], link: number): Promise<void> => {
    await expect(assertValidChain(crypto, chain, 'alice', nothing)).rejects.toMatchObject({ code: 'denied.chain', data: { link } });
  };

  test('an expired claim stays valid', async () => {
    await assertValidChain(crypto, [linkOf(old, '1970-01-01')], 'alice', nothing);
  });

  test('numbers of providers', async () => {
    await invalid([], 0);
    await invalid([UserPublicKeyLink.of(old.publicKey.hash, claim(old, NEVER_EXPIRES, []))], 0);
    await invalid([UserPublicKeyLink.of(old.publicKey.hash, initial.claim, changed[0].keyChange), changed[1]], 0);
  });

  test('key changes', async () => {
    const withoutProvider = claim(old, NEVER_EXPIRES, []);
    const first = (keyChange?: Uint8Array): UserPublicKeyLink => UserPublicKeyLink.of(old.publicKey.hash, withoutProvider, keyChange);
    const signed = (pair: SigningKeyPair, message: Uint8Array): Uint8Array => signAttached(crypto, pair.secretKey, message);
    await assertValidChain(crypto, [first(signed(old, next.publicKey.hash.encode())), changed[1]], 'alice', nothing);
    await invalid([first(), changed[1]], 0);
    await invalid([first(signed(old, third.publicKey.hash.encode())), changed[1]], 0);
    await invalid([first(signed(next, next.publicKey.hash.encode())), changed[1]], 0);
    await invalid([first(signed(old, new Uint8Array())), changed[1]], 0);
    await invalid([first(signed(old, next.publicKey.hash.cid.bytes)), changed[1]], 0);
    await invalid([changed[0], linkOf(third, '2031-01-01')], 0);
    await invalid([changed[0], UserPublicKeyLink.of(next.publicKey.hash, initial.claim)], 1);
  });

  test('claims', async () => {
    const is = async (link: UserPublicKeyLink, username = 'alice'): Promise<boolean> => isValidClaim(crypto, link, username, nothing);
    expect(await is(initial)).toBe(true);
    expect(await is(changed[0])).toBe(true);
    expect(await is(initial, 'Alice')).toBe(false);
    expect(await is(UserPublicKeyLink.of(next.publicKey.hash, initial.claim))).toBe(false);
    expect(await is(UserPublicKeyLink.of(old.publicKey.hash, claim(old, '2030-01-31', [provider, provider])))).toBe(false);
    // A signature over another payload of the same key.
    const [username, , providers] = [initial.claim.username, 0, initial.claim.storageProviders.map(({ bytes }) => bytes)];
    for (const [date, signed] of [
      ['2031-01-31', initial.claim.signed],
      ['2030-01-31', linkOf(old, '2031-01-31').claim.signed],
      ['2030-01-31', initial.claim.signed.map((byte, i) => (i === 10 ? byte ^ 1 : byte))],
      ['2030-01-31', signAttached(crypto, old.secretKey, Uint8Array.of(...initial.claim.payload(), 0))],
      ['2030-01-31', initial.claim.signed.slice(0, 64)],
    ] as const) {
      const forged = UsernameClaim.decode(encodeCbor([username, date, providers, signed]));
      expect(await is(UserPublicKeyLink.of(old.publicKey.hash, forged)), date).toBe(false);
    }
  });

  test('an owner that is the hash of a key block (legacy)', async () => {
    const block = old.publicKey.encode();
    const hash = PublicKeyHash.fromCid(Cid.ofSha256(crypto.sha256(block), CidCodec.dagCbor));
    const signer = SigningPrivateKeyAndPublicHash.of(hash, old.secretKey);
    const link = UserPublicKeyLink.createInitial(crypto, signer, 'alice', '2030-01-31', [provider]);
    const lookup: KeyLookup = { ...nothing, blocks: { getBlock: async () => block } };
    expect(await isValidClaim(crypto, link, 'alice', lookup)).toBe(true);
    expect(await isValidClaim(crypto, link, 'alice', nothing)).toBe(false);
    await invalid([link], 0);
    const wrong: KeyLookup = { ...nothing, blocks: { getBlock: async () => next.publicKey.encode() } };
    expect(await isValidClaim(crypto, link, 'alice', wrong)).toBe(false);
    const broken: KeyLookup = {
      ...nothing,
      blocks: {
        getBlock: async () => {
          throw new PyrgosError('network', 'offline');
        },
      },
    };
    await expect(isValidClaim(crypto, link, 'alice', broken)).rejects.toMatchObject({ code: 'network' });
    await expect(mergeChains(crypto, [], [link], 'alice', broken)).rejects.toMatchObject({ code: 'network' });
  });
});

describe('limits', () => {
  test('MAX_CHAIN_LINKS', async () => {
    const many = (count: number): UserPublicKeyLink[] => Array.from({ length: count }, () => initial);
    expect(decodeChain(encodeChain(many(MAX_CHAIN_LINKS)))).toHaveLength(MAX_CHAIN_LINKS);
    expect(() => decodeChain(encodeChain(many(MAX_CHAIN_LINKS + 1)))).toThrow(LimitError);
    await expect(merge([], many(MAX_CHAIN_LINKS + 1))).rejects.toThrow(LimitError);
  });

  test('MAX_CLAIM_PROVIDERS and MAX_CLAIM_PROVIDER_SIZE', () => {
    const sized = (size: number): Cid => Cid.v1(CidCodec.libp2pKey, Multihash.create(MultihashCode.identity, new Uint8Array(size - 4)));
    const sign = (providers: readonly Cid[]): UsernameClaim =>
      UsernameClaim.sign(crypto, old.secretKey, 'a'.repeat(64), NEVER_EXPIRES, providers);
    expect(sized(MAX_CLAIM_PROVIDER_SIZE).bytes).toHaveLength(MAX_CLAIM_PROVIDER_SIZE);
    const largest = sign(Array.from({ length: MAX_CLAIM_PROVIDERS }, () => sized(MAX_CLAIM_PROVIDER_SIZE)));
    expect(UsernameClaim.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sign([sized(MAX_CLAIM_PROVIDER_SIZE + 1)])).toThrow(ArgumentError);
    expect(() => sign(Array.from({ length: MAX_CLAIM_PROVIDERS + 1 }, () => provider))).toThrow(ArgumentError);
    const raw = (providers: readonly Cid[]): Uint8Array =>
      encodeCbor(['alice', NEVER_EXPIRES, providers.map(({ bytes }) => bytes), new Uint8Array(64)]);
    expect(() => UsernameClaim.decode(raw([sized(MAX_CLAIM_PROVIDER_SIZE + 1)]))).toThrow(FormatError);
    expect(() => UsernameClaim.decode(raw(Array.from({ length: MAX_CLAIM_PROVIDERS + 1 }, () => provider)))).toThrow(FormatError);
  });
});

test('arguments are checked', async () => {
  expect(() => UsernameClaim.sign(crypto, old.secretKey, 'a b', '2030-01-31', [])).toThrow(ArgumentError);
  expect(() => UsernameClaim.sign(crypto, old.secretKey, 'alice', 'never', [])).toThrow(ArgumentError);
  expect(() => UsernameClaim.sign(crypto, old.secretKey, 'alice', '2030-01-31', ['x' as never])).toThrow(ArgumentError);
  expect(() => UsernameClaim.sign(crypto, old as never, 'alice', '2030-01-31', [])).toThrow(ArgumentError);
  expect(() => UserPublicKeyLink.createInitial(crypto, old as never, 'alice', '2030-01-31', [provider])).toThrow(ArgumentError);
  for (const providers of [[], [provider, provider], undefined as never]) {
    expect(() => UserPublicKeyLink.createInitial(crypto, old.signer, 'alice', '2030-01-31', providers)).toThrow(ArgumentError);
  }
  expect(() => UserPublicKeyLink.of(old.publicKey.hash, initial.claim, new Uint8Array(63))).toThrow(ArgumentError);
  expect(() => UserPublicKeyLink.of('z' as never, initial.claim)).toThrow(ArgumentError);
  expect(() => UserPublicKeyLink.of(old.publicKey.hash, {} as never)).toThrow(ArgumentError);
  expect(() => encodeChain([{} as never])).toThrow(ArgumentError);
  await expect(merge([initial], {} as never)).rejects.toThrow(ArgumentError);
  await expect(isValidClaim(crypto, {} as never, 'alice', nothing)).rejects.toThrow(ArgumentError);
  expect(homeProvider([])).toBeUndefined();
});

test('values do not change with the arrays they were made from', () => {
  const keyChange = changed[0].keyChange?.slice() ?? new Uint8Array();
  const providers = [provider];
  const made = UsernameClaim.sign(crypto, old.secretKey, 'alice', '2030-01-31', providers);
  const link = UserPublicKeyLink.of(old.publicKey.hash, made, keyChange);
  const before = link.encode();
  keyChange.fill(0);
  providers.length = 0;
  expect(link.encode()).toEqual(before);
  const input = before.slice();
  const read = UserPublicKeyLink.decode(input);
  input.fill(0);
  expect(read.encode()).toEqual(before);
});
