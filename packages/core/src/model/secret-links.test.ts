import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import type { Cid } from '../codec/cid.js';
import { CipherText } from '../containers/cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, DeniedError, FormatError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { batIdsOfBlock } from '../keys/bat-prefix.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import type { BlockReadContext, BlockSource } from '../store/block-store.js';
import v from '../../../../vectors/03/secret-links.json' with { type: 'json' };
import { MemoryBlocks } from './memory-blocks.js';
import { EncryptedCapability, secretLinkChampKey, SecretLinks, SecretLinkTarget } from './secret-links.js';

const crypto = await loadCrypto();
const bat = Bat.of(fromHex(v.batSecret)).withMirrorId(crypto);
const owner = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1)).publicKey.hash;
const gated: BlockReadContext = { owner, bat };
const key = SymmetricKey.of(new Uint8Array(32).fill(9));
const target = (text: string): SecretLinkTarget => SecretLinkTarget.of(EncryptedCapability.of(CipherText.seal(crypto, key, text), false));

/** Refuses gated blocks without their mirror BAT, and ungated ones with one: nobody may see a BAT without need. */
function strictSource(blocks: MemoryBlocks): BlockSource {
  return {
    getBlock: async (cid: Cid, context: BlockReadContext) => {
      const bytes = await blocks.getBlock(cid);
      const ids = batIdsOfBlock(cid, bytes);
      const opens = ids.length === 0 ? context.bat === undefined : ids.some((id) => id.equals(context.bat?.id));
      if (!opens) throw new DeniedError('denied.block', 'wrong BAT');
      return bytes;
    },
  };
}

test('the mirror BAT of the vectors', () => {
  expect(toHex(bat.id.cid.bytes)).toBe(v.batId);
});

test('vector: empty root', async () => {
  const blocks = new MemoryBlocks(crypto);
  const root = SecretLinks.empty(crypto, blocks, gated).flush(blocks);
  expect(root.toString()).toBe(v.empty.cid);
  expect(toHex(await blocks.getBlock(root))).toBe(v.empty.cbor);
});

describe.each(v.valid)('vector: label $label', (vector) => {
  test('key', () => {
    expect(toHex(secretLinkChampKey(crypto, BigInt(vector.label)))).toBe(vector.key);
  });

  test('target', () => {
    const read = SecretLinkTarget.decode(fromHex(vector.target));
    expect([read.expiry, read.maxRetrievals, read.capability.hasPassword]).toEqual([vector.expiry, vector.maxRetrievals, false]);
    expect(toHex(read.encode())).toBe(vector.target);
    const again = SecretLinkTarget.of(read.capability, { expiry: vector.expiry, maxRetrievals: vector.maxRetrievals });
    expect(again.equals(read)).toBe(true);
    // Its container is too short to hold anything: stored as it is, refused when it is to be opened.
    expect(() => read.capability.cipherText).toThrow(FormatError);
  });

  test('one link in the CHAMP', async () => {
    const blocks = new MemoryBlocks(crypto);
    const links = SecretLinks.empty(crypto, blocks, gated);
    await links.put(BigInt(vector.label), SecretLinkTarget.decode(fromHex(vector.target)), undefined, blocks);
    const root = links.flush(blocks);
    expect(root.toString()).toBe(vector.rootCid);
    expect(toHex(await blocks.getBlock(root))).toBe(vector.root);
  });
});

test.each(v.invalid)('refuses: $reason', ({ cbor }) => {
  expect(() => SecretLinkTarget.decode(fromHex(cbor))).toThrow(FormatError);
});

test.each(v.invalidLabels)('label %s is refused', (label) => {
  expect(() => secretLinkChampKey(crypto, BigInt(label))).toThrow(ArgumentError);
  expect(() => secretLinkChampKey(crypto, Number(label) as never)).toThrow(ArgumentError);
});

test('the largest label is fine', () => {
  expect(secretLinkChampKey(crypto, 2n ** 63n - 1n)).toHaveLength(32);
});

describe('SecretLinks', () => {
  test('a hundred links behind a gated root, read with the BAT for the root only', async () => {
    const blocks = new MemoryBlocks(crypto);
    const source = strictSource(blocks);
    let root: Cid | undefined;
    for (let label = 1n; label <= 100n; label += 20n) {
      const links = SecretLinks.open(crypto, root, source, gated);
      for (let i = 0n; i < 20n; i++) await links.put(label + i, target(`link ${label + i}`), undefined, blocks);
      root = links.flush(blocks);
    }
    const links = SecretLinks.open(crypto, root, source, gated);
    expect((await links.get(57n))?.target.capability.cipherText.open(crypto, key)).toBe('link 57');
    expect(await links.get(101n)).toBeUndefined();
    const listed: string[] = [];
    for await (const link of links.list()) listed.push(toHex(link.key));
    expect(new Set(listed).size).toBe(100);
    expect(listed).toContain(toHex(secretLinkChampKey(crypto, 57n)));
  });

  test('an update names the present target, a removal tells whether there was one', async () => {
    const blocks = new MemoryBlocks(crypto);
    const links = SecretLinks.empty(crypto, blocks, gated);
    const first = await links.put(5n, target('a'), undefined, blocks);
    await expect(links.put(5n, target('b'), undefined, blocks)).rejects.toMatchObject({ code: 'conflict.champ' });
    const second = await links.put(5n, target('b'), first, blocks);
    await expect(links.put(5n, target('c'), first, blocks)).rejects.toMatchObject({ code: 'conflict.champ' });
    expect((await links.get(5n))?.cid.equals(second)).toBe(true);
    expect(await links.remove(6n)).toBe(false);
    expect(await links.remove(5n)).toBe(true);
    expect(links.flush(blocks).toString()).toBe(v.empty.cid);
  });

  test('without a mirror BAT the root is ungated', async () => {
    const blocks = new MemoryBlocks(crypto);
    const links = SecretLinks.open(crypto, undefined, strictSource(blocks), { owner });
    await links.put(1n, target('a'), undefined, blocks);
    const read = SecretLinks.open(crypto, links.flush(blocks), strictSource(blocks), { owner });
    expect((await read.get(1n))?.target.capability.cipherText.open(crypto, key)).toBe('a');
  });

  test('the password mark is written only when true, and arguments are checked', async () => {
    const sealed = CipherText.seal(crypto, key, 'x');
    const [without, needed] = [EncryptedCapability.of(sealed, false), EncryptedCapability.of(sealed, true)];
    expect(needed.encode().length - without.encode().length).toBe(3);
    expect(EncryptedCapability.decode(needed.encode()).equals(needed)).toBe(true);
    expect(needed.equals(without)).toBe(false);
    expect(() => EncryptedCapability.of('x' as never, true)).toThrow(ArgumentError);
    expect(() => SecretLinkTarget.of(without, { expiry: -1 })).toThrow(ArgumentError);
    expect(() => SecretLinkTarget.of(without, { maxRetrievals: 1.5 })).toThrow(ArgumentError);
    const blocks = new MemoryBlocks(crypto);
    await expect(SecretLinks.empty(crypto, blocks, gated).put(1n, 'x' as never, undefined, blocks)).rejects.toBeInstanceOf(ArgumentError);
  });
});
