import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import v from '../../../../vectors/03/owned-keys.json' with { type: 'json' };
import { Champ } from './champ/index.js';
import { MemoryBlocks } from './memory-blocks.js';
import { directOwnedKeys, ownedKeyChampKey, ownedKeyOfChampKey, OwnedKeys, type OwnedWriter, walkOwnedWriters } from './owned-keys.js';
import { WriterData } from './writer-data.js';

const crypto = await loadCrypto();
const pair = (byte: number): SigningKeyPair => SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(byte));
const [A, B, C, D] = [pair(1), pair(2), pair(3), pair(4)];
const context = { owner: A.publicKey.hash };
const linkHash = (hex: string): PublicKeyHash => PublicKeyHash.fromCid(decodeCbor(fromHex(hex)) as Cid);
const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
};

describe.each(v.valid)('vector: $name', (vector) => {
  test('champ key', () => {
    const owned = linkHash(vector.owned);
    expect(toHex(ownedKeyChampKey(owned))).toBe(vector.champKey);
    expect(ownedKeyOfChampKey(fromHex(vector.champKey)).equals(owned)).toBe(true);
  });

  test('proof and champ, written and read', async () => {
    const proof = OwnerProof.create(crypto, B.signer, A.publicKey.hash);
    expect(toHex(proof.encode())).toBe(vector.proof);
    const blocks = new MemoryBlocks(crypto);
    const owned = OwnedKeys.empty(blocks, context);
    await owned.add(proof, blocks);
    const root = owned.flush(blocks);
    expect(root.toString()).toBe(vector.rootCid);
    expect(toHex(await blocks.getBlock(root))).toBe(vector.root);
    expect(Cid.ofSha256(crypto.sha256(proof.encode()), CidCodec.dagCbor).toString()).toBe(vector.proofCid);
    const read = OwnedKeys.open(root, blocks, context);
    expect((await read.get(proof.ownedKey))?.equals(proof)).toBe(true);
    expect((await collect(read.list())).map(({ ownedKey }) => ownedKey.toString())).toEqual([proof.ownedKey.toString()]);
  });
});

test.each(v.invalid)('refuses a champ key that is $reason', ({ champKey }) => {
  expect(() => ownedKeyOfChampKey(fromHex(champKey))).toThrow(FormatError);
});

describe('OwnedKeys', () => {
  test('an absent root is an empty map', async () => {
    const owned = OwnedKeys.open(undefined, new MemoryBlocks(crypto), context);
    expect(await owned.contains(B.publicKey.hash)).toBe(false);
    expect(await collect(owned.list())).toEqual([]);
  });

  test('adding twice is a conflict, removing tells whether there was something', async () => {
    const blocks = new MemoryBlocks(crypto);
    const owned = OwnedKeys.empty(blocks, context);
    const empty = OwnedKeys.empty(blocks, context).flush(blocks);
    await owned.add(OwnerProof.create(crypto, B.signer, A.publicKey.hash), blocks);
    await expect(owned.add(OwnerProof.create(crypto, B.signer, C.publicKey.hash), blocks)).rejects.toMatchObject({
      code: 'conflict.champ',
    });
    expect(await owned.remove(C.publicKey.hash)).toBe(false);
    expect(await owned.remove(B.publicKey.hash)).toBe(true);
    expect(await owned.remove(B.publicKey.hash)).toBe(false);
    expect(owned.flush(blocks).equals(empty)).toBe(true);
  });

  test('added proofs are readable before they are stored', async () => {
    const owned = OwnedKeys.empty(new MemoryBlocks(crypto), context);
    const proof = OwnerProof.create(crypto, B.signer, A.publicKey.hash);
    await owned.add(proof, new MemoryBlocks(crypto));
    expect((await owned.get(B.publicKey.hash))?.equals(proof)).toBe(true);
  });

  test('many keys, listed completely', async () => {
    const blocks = new MemoryBlocks(crypto);
    const owned = OwnedKeys.empty(blocks, context);
    const children = Array.from({ length: 60 }, (_, i) => pair(10 + i));
    for (const child of children) await owned.add(OwnerProof.create(crypto, child.signer, A.publicKey.hash), blocks);
    const listed = await collect(OwnedKeys.open(owned.flush(blocks), blocks, context).list());
    const names = (keys: readonly PublicKeyHash[]): string[] => keys.map(String).toSorted();
    expect(names(listed.map(({ ownedKey }) => ownedKey))).toEqual(names(children.map(({ publicKey }) => publicKey.hash)));
  });

  test('an inline value is a format error', async () => {
    const blocks = new MemoryBlocks(crypto);
    const champ = Champ.empty(blocks, context);
    await champ.put(ownedKeyChampKey(B.publicKey.hash), undefined, 'no link');
    const owned = OwnedKeys.open(champ.flush(blocks), blocks, context);
    await expect(owned.get(B.publicKey.hash)).rejects.toBeInstanceOf(FormatError);
    await expect(collect(owned.list())).rejects.toBeInstanceOf(FormatError);
  });

  test('arguments are checked', async () => {
    const owned = OwnedKeys.empty(new MemoryBlocks(crypto), context);
    await expect(owned.get('x' as never)).rejects.toBeInstanceOf(ArgumentError);
    await expect(owned.add('x' as never, new MemoryBlocks(crypto))).rejects.toBeInstanceOf(ArgumentError);
  });
});

/** A server that answers all requests that are waiting together, when nobody asks any more. */
class Rounds {
  count = 0;
  requests = 0;
  /** Requests in the largest round. */
  most = 0;
  private waiting: (() => void)[] = [];

  async pass(): Promise<void> {
    this.requests++;
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length === 1) setTimeout(() => this.answer(), 0);
    });
  }

  private answer(): void {
    this.count++;
    this.most = Math.max(this.most, this.waiting.length);
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** A little world of writers without a server. */
class World {
  readonly blocks = new MemoryBlocks(crypto);
  private readonly versions = new Map<string, WriterData>();

  set(writerData: WriterData): void {
    this.versions.set(writerData.controller.key, writerData);
  }

  async own(parent: SigningKeyPair, ...proofs: readonly OwnerProof[]): Promise<void> {
    const owned = OwnedKeys.empty(this.blocks, context);
    for (const proof of proofs) await owned.add(proof, this.blocks);
    this.set(WriterData.of(parent.publicKey.hash, { owned: owned.flush(this.blocks) }));
  }

  get lookup() {
    return { hasher: crypto, blocks: this.blocks, context };
  }

  version(writer: PublicKeyHash): WriterData | undefined {
    return this.versions.get(writer.key);
  }

  /** The walk from a root; every read takes a round. */
  walk(root: SigningKeyPair, rounds?: Rounds, maxWriters?: number): AsyncGenerator<OwnedWriter, void, undefined> {
    return walkOwnedWriters(crypto, root.publicKey.hash, {
      readWriterData: async (writer) => {
        await rounds?.pass();
        return this.version(writer);
      },
      lookup: {
        hasher: crypto,
        context,
        blocks: {
          getBlock: async (cid) => {
            await rounds?.pass();
            return this.blocks.getBlock(cid);
          },
        },
      },
      ...(maxWriters === undefined ? {} : { maxWriters }),
    });
  }

  async closure(root: SigningKeyPair, maxWriters?: number): Promise<string[]> {
    const walk = walkOwnedWriters(crypto, root.publicKey.hash, {
      readWriterData: async (writer) => this.versions.get(writer.key),
      lookup: this.lookup,
      ...(maxWriters === undefined ? {} : { maxWriters }),
    });
    return (await collect(walk)).map(({ writer, parent, depth }) => `${name(writer)}<${parent === undefined ? '' : name(parent)}:${depth}`);
  }
}

const names = new Map([A, B, C, D].map(({ publicKey }, i) => [publicKey.hash.key, 'ABCD'[i]]));
const name = (hash: PublicKeyHash): string => names.get(hash.key) ?? '?';
const proofOf = (owned: SigningKeyPair, owner: SigningKeyPair): OwnerProof => OwnerProof.create(crypto, owned.signer, owner.publicKey.hash);

describe('verified ownership', () => {
  test('A owns B', async () => {
    const world = new World();
    await world.own(A, proofOf(B, A));
    expect(await world.closure(A)).toEqual(['A<:0', 'B<A:1']);
    expect(await world.closure(B)).toEqual(['B<:0']);
  });

  test('A owns B and B owns A: both closures hold both and end', async () => {
    const world = new World();
    await world.own(A, proofOf(B, A));
    await world.own(B, proofOf(A, B));
    expect(await world.closure(A)).toEqual(['A<:0', 'B<A:1']);
    expect(await world.closure(B)).toEqual(['B<:0', 'A<B:1']);
  });

  test('a chain, a diamond, a longer cycle and a writer that owns itself', async () => {
    const world = new World();
    await world.own(A, proofOf(B, A), proofOf(C, A));
    await world.own(B, proofOf(D, B), proofOf(B, B));
    await world.own(C, proofOf(D, C));
    await world.own(D, proofOf(A, D));
    const closure = await world.closure(A);
    expect(closure.map((text) => text.slice(0, 1)).toSorted()).toEqual(['A', 'B', 'C', 'D']);
    expect(closure.find((text) => text.startsWith('D'))).toMatch(/D<[BC]:2/);
  });

  test('named keys count, and a child listed twice is one writer', async () => {
    const world = new World();
    const owned = OwnedKeys.empty(world.blocks, context);
    await owned.add(proofOf(B, A), world.blocks);
    world.set(
      WriterData.of(A.publicKey.hash, {
        owned: owned.flush(world.blocks),
        named: new Map([
          ['pki', proofOf(C, A)],
          ['again', proofOf(B, A)],
        ]),
      }),
    );
    expect((await world.closure(A)).toSorted()).toEqual(['A<:0', 'B<A:1', 'C<A:1']);
  });

  test('a proof for another parent is passed over, even for the identity above', async () => {
    const world = new World();
    await world.own(A, proofOf(B, A));
    await world.own(B, proofOf(C, A), proofOf(D, B));
    expect(await world.closure(A)).toEqual(['A<:0', 'B<A:1', 'D<B:2']);
  });

  test('a bad signature is an error', async () => {
    const world = new World();
    const good = proofOf(B, A);
    await world.own(
      A,
      OwnerProof.fromCbor(
        new Map<string, never>([
          ['o', good.ownedKey.toCbor() as never],
          ['p', good.proof.with(0, good.proof[0]! ^ 1) as never],
        ]),
      ),
    );
    await expect(world.closure(A)).rejects.toMatchObject({ code: 'crypto.signature' });
  });

  test('a key whose block does not exist is passed over', async () => {
    const world = new World();
    const lost = PublicKeyHash.fromCid(Cid.ofSha256(new Uint8Array(32), CidCodec.dagCbor));
    const proof = OwnerProof.fromCbor(
      new Map<string, never>([
        ['o', lost.toCbor() as never],
        ['p', proofOf(B, A).proof as never],
      ]),
    );
    await world.own(A, proof, proofOf(C, A));
    expect(await world.closure(A)).toEqual(['A<:0', 'C<A:1']);
    const writerData = WriterData.of(A.publicKey.hash, { named: new Map([['x', proof]]) });
    expect(await collect(directOwnedKeys(crypto, A.publicKey.hash, writerData, world.lookup))).toEqual([]);
  });

  test('a missing proof block is an error', async () => {
    const world = new World();
    const owned = OwnedKeys.empty(world.blocks, context);
    await owned.add(proofOf(B, A), new MemoryBlocks(crypto));
    world.set(WriterData.of(A.publicKey.hash, { owned: owned.flush(world.blocks) }));
    await expect(world.closure(A)).rejects.toMatchObject({ code: 'not-found.block' });
  });

  test('a WriterData of another controller is refused', async () => {
    const walk = walkOwnedWriters(crypto, A.publicKey.hash, {
      readWriterData: async () => WriterData.of(B.publicKey.hash),
      lookup: new World().lookup,
    });
    await expect(collect(walk)).rejects.toMatchObject({ code: 'denied.pointer' });
  });

  test('the number of writers is limited', async () => {
    const world = new World();
    await world.own(A, proofOf(B, A), proofOf(C, A));
    expect(await world.closure(A, 3)).toHaveLength(3);
    await expect(world.closure(A, 2)).rejects.toBeInstanceOf(LimitError);
    await expect(world.closure(A, 0)).rejects.toBeInstanceOf(ArgumentError);
  });

  test('a cancelled walk stops', async () => {
    const walk = walkOwnedWriters(crypto, A.publicKey.hash, {
      readWriterData: async () => undefined,
      lookup: { hasher: crypto, blocks: new MemoryBlocks(crypto), context: { ...context, signal: AbortSignal.abort() } },
    });
    await expect(collect(walk)).rejects.toMatchObject({ code: 'aborted' });
  });

  test('many writers are read at the same time, a bounded number, and come in their order', async () => {
    const world = new World();
    const children = Array.from({ length: 100 }, (_, i) => pair(10 + i));
    await world.own(A, ...children.map((child) => proofOf(child, A)));
    for (const child of children.slice(0, 50)) await world.own(child, proofOf(child, child));
    const [deep] = children.slice(7, 8);
    await world.own(deep!, proofOf(B, deep!), proofOf(C, deep!));
    const plain = await collect(world.walk(A));
    expect(plain).toHaveLength(103);
    const rounds = new Rounds();
    const walked = await collect(world.walk(A, rounds));
    const text = ({ writer, parent, depth }: OwnedWriter): string => [String(writer), String(parent), depth].join(' ');
    expect(walked.map(text)).toEqual(plain.map(text));
    // One after the other they would be more than 250.
    expect(rounds.count).toBeLessThan(80);
    expect(rounds.most).toBeLessThanOrEqual(24);
  });

  test('what is read ahead is an error only when it is its turn, and nothing when nobody goes on', async () => {
    const world = new World();
    const children = Array.from({ length: 5 }, (_, i) => pair(10 + i));
    await world.own(A, ...children.map((child) => proofOf(child, A)));
    const order = (await collect(world.walk(A))).slice(1).map(({ writer }) => writer);
    const third = order[2]!;
    const walk = walkOwnedWriters(crypto, A.publicKey.hash, {
      readWriterData: async (writer) => {
        if (writer.equals(third)) throw new FormatError('format.pointer', 'pointer', 'is damaged');
        return world.version(writer);
      },
      lookup: world.lookup,
    });
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const { writer } of walk) seen.push(writer.toString());
      })(),
    ).rejects.toMatchObject({ code: 'format.pointer' });
    expect(seen).toEqual([A.publicKey.hash, ...order.slice(0, 3)].map(String));
    for await (const { writer } of walkOwnedWriters(crypto, A.publicKey.hash, {
      readWriterData: async () => {
        throw new FormatError('format.pointer', 'pointer', 'is damaged');
      },
      lookup: world.lookup,
    })) {
      expect(writer.equals(A.publicKey.hash)).toBe(true);
      break;
    }
  });

  test('a writer that lists more than there may be costs no more than that', async () => {
    const world = new World();
    const children = Array.from({ length: 60 }, (_, i) => pair(10 + i));
    await world.own(A, proofOf(B, A), proofOf(C, A));
    await world.own(C, ...children.map((child) => proofOf(child, C)));
    const rounds = new Rounds();
    await expect(collect(world.walk(A, rounds, 10))).rejects.toBeInstanceOf(LimitError);
    expect(rounds.requests).toBeLessThan(50);
  });
});
