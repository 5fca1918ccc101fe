import { loadCrypto } from '@pyrgos/core/crypto';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { Champ, type ChampDifference, diffChamps, MemoryBlocks } from '@pyrgos/core/model';

/** Builds a Merkle map (CHAMP), changes it, and finds what changed without reading the rest. Returns the changes. */
export async function whatChanged(): Promise<ChampDifference[]> {
  const crypto = await loadCrypto();
  const blocks = new MemoryBlocks(crypto);
  const context = { owner: PublicKeyHash.parse('z59vuwzfFDp2jNy4bsSogBKuHSjEY7v8d6Fa3KQ5QcsMWHkiCqCxqyu') };
  const utf8 = new TextEncoder();
  const key = (name: string): Uint8Array => crypto.sha256(utf8.encode(name));

  // Edits happen in memory. Only flush() encodes and hashes, each changed node once.
  const map = Champ.empty(blocks, context);
  for (let i = 0; i < 1000; i++) await map.put(key(`file ${i}`), undefined, i);
  const before = map.flush(blocks);

  // put() compares and sets: the second argument is what you believe is there.
  await map.put(key('file 7'), 7, 700);
  await map.remove(key('file 8'), 8);
  const after = map.flush(blocks);

  // Two trees that share most of their nodes are compared by reading only the nodes that differ.
  const changed: ChampDifference[] = [];
  for await (const change of diffChamps(before, after, blocks, context)) changed.push(change);
  return changed;
}
