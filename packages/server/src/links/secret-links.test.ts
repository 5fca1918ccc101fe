import { type Cid, CidCodec } from '@pyrgos/core/codec';
import { CipherText } from '@pyrgos/core/containers';
import { Bat, type BatWithId, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import {
  EncryptedCapability,
  MemoryBlocks,
  SecretLinks as SecretLinkChamp,
  type SecretLinkLimits,
  SecretLinkTarget,
  WriterData,
} from '@pyrgos/core/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpaceWorld } from '../../test/space-world.js';
import { BatTable } from '../bats/bat-table.js';
import { localBlockSource } from '../ports/local-source.js';
import { LinkCountTable } from './link-count-table.js';
import { linksSchema } from './schema.js';
import { SecretLinks } from './secret-links.js';

let world: SpaceWorld;
let alice: SigningKeyPair;
let counts: LinkCountTable;
let links: SecretLinks;
const mirror: { bat?: BatWithId } = {};

const openServices = (): void => {
  counts = new LinkCountTable(world.db);
  links = new SecretLinks({
    hasher: world.crypto,
    db: world.db,
    local: world.local,
    pointers: world.pointers,
    bats: new BatTable(world.db),
    counts,
    directory: world.directory,
    clock: world.clock,
  });
};

beforeEach(async () => {
  world = await SpaceWorld.create({ schemas: [linksSchema] });
  alice = await world.addUser('alice');
  mirror.bat = Bat.of(new Uint8Array(32).fill(3)).withMirrorId(world.crypto);
  new BatTable(world.db).add('alice', mirror.bat);
  openServices();
});
afterEach(() => world.close());

const owner = () => alice.publicKey.hash;
const capability = (text: string): EncryptedCapability =>
  EncryptedCapability.of(CipherText.seal(world.crypto, SymmetricKey.of(new Uint8Array(32).fill(9)), text), false);
/** Publishes links in a CHAMP whose root needs the mirror BAT, as clients do. */
const publish = async (entries: readonly (readonly [bigint, SecretLinkLimits?])[]): Promise<EncryptedCapability[]> => {
  const blocks = new MemoryBlocks(world.crypto);
  const champ = SecretLinkChamp.empty(world.crypto, blocks, { owner: owner(), bat: mirror.bat! });
  const written: Uint8Array[] = [];
  const sink = {
    putCbor: (bytes: Uint8Array): Cid => {
      written.push(bytes);
      return blocks.putCbor(bytes);
    },
  };
  const made: EncryptedCapability[] = [];
  for (const [label, limits = {}] of entries) {
    const encrypted = capability(`link ${label}`);
    made.push(encrypted);
    await champ.put(label, SecretLinkTarget.of(encrypted, limits), undefined, sink);
  }
  const root = champ.flush(sink);
  await world.store('alice', CidCodec.dagCbor, ...written);
  await world.commit('alice', owner(), alice.signer, WriterData.of(owner(), { links: root }));
  return made;
};
const now = () => Math.floor(world.clock.time / 1000);

describe('link/get (chapter 02 section 5.8)', () => {
  test('the capability, and one more retrieval', async () => {
    const [first, second] = await publish([[8_057_131n], [2n ** 40n]]);
    expect((await links.get(owner(), 8_057_131n)).equals(first)).toBe(true);
    expect((await links.get(owner(), 8_057_131n)).equals(first)).toBe(true);
    world.clock.time += 5000;
    expect((await links.get(owner(), 2n ** 40n)).equals(second)).toBe(true);
    const { counts: list } = await links.counts('alice', 0n, mirror.bat!);
    expect(list).toEqual([
      { label: 8_057_131n, count: 2, modified: now() - 5 },
      { label: 2n ** 40n, count: 1, modified: now() },
    ]);
  });

  test('texts', async () => {
    await expect(links.get(SigningKeyPair.generate(world.crypto).publicKey.hash, 1n)).rejects.toThrow('No secret link published!');
    await expect(links.get(owner(), 1n)).rejects.toMatchObject({ code: 'not-found.link', message: 'No secret link published!' });
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner()));
    await expect(links.get(owner(), 1n)).rejects.toThrow('No secret link published!');
    await publish([[1n], [2n, { expiry: now() }], [3n, { maxRetrievals: 2 }], [4n, { maxRetrievals: 0 }]]);
    await expect(links.get(owner(), 5n)).rejects.toMatchObject({ code: 'not-found.link', message: 'No secret link present!' });
    await links.get(owner(), 2n);
    world.clock.time = (now() + 1) * 1000;
    await expect(links.get(owner(), 2n)).rejects.toMatchObject({ code: 'denied.link', message: 'Secret link expired!' });
    await links.get(owner(), 3n);
    await links.get(owner(), 3n);
    const exceeded = { code: 'denied.link', message: 'Maximum link retrievals exceed!' };
    await expect(links.get(owner(), 3n)).rejects.toMatchObject(exceeded);
    await expect(links.get(owner(), 4n)).rejects.toMatchObject(exceeded);
    // What was refused was not counted.
    const { counts: list } = await links.counts('alice', 0n, mirror.bat!);
    expect(list.map(({ label, count }) => [label, count])).toEqual([
      [2n, 1],
      [3n, 2],
    ]);
  });

  test('labels that cannot be', async () => {
    await publish([[1n]]);
    for (const label of [0n, -1n, 2n ** 63n]) await expect(links.get(owner(), label)).rejects.toMatchObject({ code: 'argument' });
  });

  test('the maximum is exact, however many ask at a time', async () => {
    await publish([[1n, { maxRetrievals: 10 }]]);
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => links.get(owner(), 1n)));
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(10);
    expect((await links.counts('alice', 0n, mirror.bat!)).counts[0]?.count).toBe(10);
  });

  test('and survives a crash: nobody gets a capability that was not counted', async () => {
    await publish([[1n, { maxRetrievals: 3 }]]);
    await links.get(owner(), 1n);
    await world.crash();
    openServices();
    await links.get(owner(), 1n);
    await links.get(owner(), 1n);
    await expect(links.get(owner(), 1n)).rejects.toThrow('Maximum link retrievals exceed!');
  });

  test('a link that was removed', async () => {
    await publish([[1n], [2n]]);
    await links.get(owner(), 1n);
    await publish([[2n]]);
    await expect(links.get(owner(), 1n)).rejects.toThrow('No secret link present!');
  });

  test('a damaged map of links is an error, not an empty one', async () => {
    const [root] = await world.store('alice', CidCodec.dagCbor, Uint8Array.of(0x80));
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner(), { links: root! }));
    await expect(links.get(owner(), 1n)).rejects.toMatchObject({ code: 'format.champ' });
    await expect(localBlockSource(world.local, 'alice').getBlock(root!, { owner: owner() })).resolves.toEqual(Uint8Array.of(0x80));
  });
});

describe('link/counts (chapter 02 section 5.9)', () => {
  test('only those that changed later', async () => {
    counts.restore('alice', { label: 1n, count: 3, modified: 100 });
    counts.restore('alice', { label: 2n ** 63n - 1n, count: 1, modified: 200 });
    counts.restore('bob', { label: 1n, count: 5, modified: 300 });
    const after = async (time: bigint): Promise<bigint[]> =>
      (await links.counts('alice', time, mirror.bat!)).counts.map(({ label }) => label);
    expect(await after(-31_557_014_135_596_800n)).toEqual([1n, 2n ** 63n - 1n]);
    expect(await after(100n)).toEqual([2n ** 63n - 1n]);
    expect(await after(200n)).toEqual([]);
    expect(Buffer.from((await links.counts('alice', 200n, mirror.bat!)).encode()).toString('hex')).toBe('a1616480');
    counts.restore('alice', { label: 1n, count: 4, modified: 400 });
    expect(await after(200n)).toEqual([1n]);
  });

  test('with the current mirror BAT only', async () => {
    const newer = Bat.of(new Uint8Array(32).fill(4)).withMirrorId(world.crypto);
    const denied = { code: 'denied.link', message: 'Unauthorized!' };
    await expect(links.counts('alice', 0n, newer)).rejects.toMatchObject(denied);
    new BatTable(world.db).add('alice', newer);
    await expect(links.counts('alice', 0n, mirror.bat!)).rejects.toMatchObject(denied);
    await links.counts('alice', 0n, newer);
    await expect(links.counts('bob', 0n, newer)).rejects.toMatchObject(denied);
    await expect(links.counts('alice', 0n, newer.bat.withCalculatedId(world.crypto))).rejects.toMatchObject(denied);
  });
});
