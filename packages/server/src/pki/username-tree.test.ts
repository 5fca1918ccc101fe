import { fromHex, toHex, utf8Encode } from '@pyrgos/core/bytes';
import { type Cid, decodeCid } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { MemoryBlocks } from '@pyrgos/core/model';
import { beforeAll, describe, expect, test } from 'vitest';
import { UsernameTree } from './username-tree.js';

let crypto: CryptoProvider;
let blocks: MemoryBlocks;
let tree: UsernameTree;

beforeAll(async () => {
  crypto = await loadCrypto();
  blocks = new MemoryBlocks(crypto);
  tree = new UsernameTree(crypto, blocks, SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(0x11)).publicKey.hash);
});

async function changes(from: Cid | undefined, to: Cid): Promise<Map<string | undefined, string | undefined>> {
  const found = new Map<string | undefined, string | undefined>();
  for await (const { username, chain } of tree.changes(from, to)) found.set(username, chain?.toString());
  return found;
}

describe('username tree (chapter 05 section 17.3)', () => {
  test('the printed example', async () => {
    const chain = decodeCid(fromHex('017112201e0650b2ffc09f6f24f4c9bce8f585ee8a125845ac69caf8d1fc0696746a8e56'));
    expect(toHex(crypto.blake2b(utf8Encode('alice'), 64))).toBe(
      'a4d4a6d844796fb2f887e5f8debcf4c8db438fa4968d453623bfe387961b53a0307a25c1f581a917c50cdd88247b86c9ddee6aa3ea71fcb3ad60935b7c72a8a8',
    );
    const root = await tree.create('alice', chain, blocks);
    expect(root.toString()).toBe('zdpuAs7EFeNkiUgLZGXsrwTuFEo3a7JW4wpLQwt5QHiAxXQgP');
    expect(toHex(blocks.find(root)!)).toBe(
      '83411040818245616c696365d82a582500017112201e0650b2ffc09f6f24f4c9bce8f585ee8a125845ac69caf8d1fc0696746a8e56',
    );
    expect((await tree.get(root, 'alice'))?.equals(chain)).toBe(true);
    expect(await tree.get(root, 'bob')).toBeUndefined();
  });

  test('changes are compared with what was there, and can be listed', async () => {
    const chains = Array.from({ length: 300 }, (_, i) => blocks.putCbor(Uint8Array.of(0x19, i >> 8, i & 255)));
    let root = await tree.create('user0', chains[0]!, blocks);
    for (let i = 1; i < 200; i++) root = await tree.put(root, `user${i}`, undefined, chains[i]!, blocks);
    const before = root;
    await expect(tree.put(root, 'user7', undefined, chains[250]!, blocks)).rejects.toMatchObject({ code: 'conflict.champ' });
    await expect(tree.put(root, 'user7', chains[8], chains[250]!, blocks)).rejects.toMatchObject({ code: 'conflict.champ' });
    root = await tree.put(root, 'user7', chains[7], chains[250]!, blocks);
    root = await tree.put(root, 'user200', undefined, chains[200]!, blocks);
    const difference = new Map([
      ['user7', chains[250]!.toString()],
      ['user200', chains[200]!.toString()],
    ]);
    expect(await changes(before, root)).toEqual(difference);
    const all = await changes(undefined, root);
    expect(all.size).toBe(201);
    expect(all.get('user7')).toBe(chains[250]!.toString());
  });
});
