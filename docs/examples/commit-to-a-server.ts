import { createChildWriter, WriteSession } from '@pyrgos/client/commit';
import { decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { MemoryServer } from '@pyrgos/testkit/stores';

/** Stores a hundred blocks under a new writer key and reads one of them back on another device. Returns what it holds. */
export async function commitToAServer(): Promise<unknown> {
  const crypto = await loadCrypto();
  const server = new MemoryServer(crypto);

  // An identity owns the storage; files belong to writers that it owns. Servers accept blocks of known writers only.
  const identity = SigningKeyPair.generate(crypto).signer;
  const writer = SigningKeyPair.generate(crypto).signer;
  const owner = identity.publicKeyHash;
  server.registerIdentity(owner);

  const session = new WriteSession({ owner, blocks: server.blocks, pointers: server.pointers, crypto });
  await session.initialiseWriter(identity);
  await session.update([owner], (snapshot, committer) => createChildWriter(committer, snapshot, identity, writer));

  // All changes of one edit reach the server together or not at all. What others commit meanwhile is merged, or a ConflictError.
  const mapKey = (i: number): Uint8Array => crypto.sha256(new TextEncoder().encode(`block ${i}`));
  await session.editTree(writer, async (tree) => {
    for (let i = 0; i < 100; i++) await tree.putBlock(mapKey(i), undefined, encodeCbor(['content', i]));
  });

  // Another device verifies everything that the server tells it: pointers by signature, blocks by hash.
  const other = new WriteSession({ owner, blocks: server.blocks, pointers: server.pointers, crypto });
  const snapshot = await other.read(writer.publicKeyHash);
  const cid = await other.get(snapshot, writer.publicKeyHash, mapKey(42));
  if (cid === undefined) throw new Error('this never happens');
  return decodeCbor(await other.getBlock(cid));
}
