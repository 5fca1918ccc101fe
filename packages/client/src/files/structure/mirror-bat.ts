import { concatBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec, cborMap } from '@pyrgos/core/codec';
import { type FragmentBlock, FragmentedPaddedCipherText } from '@pyrgos/core/containers';
import { PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { batIdsOfRawBlock, type BatId, encodeRawPrefix, type Signer, stripRawPrefix } from '@pyrgos/core/keys';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import type { CryptreeNode, SealedChunk } from '@pyrgos/core/model';
import { directoryChunks, FileChunks, type Item, type OperationView } from '../view/index.js';
import { ChunkChanges } from './chunk-changes.js';
import { refresh } from './refresh.js';

/** A chunk of an item, as far as its outer form goes. */
interface StoredChunk {
  readonly mapKey: Uint8Array;
  readonly cid: Cid;
  readonly node: CryptreeNode;
}

/**
 * Adds the id of the account's mirror BAT to all chunks of an item, and to their fragments, so that a mirror may fetch them (chapter 04
 * section 19.4): not to what is below a directory. Commits after each chunk; a second call goes on where the first was cut off. Resolves to
 * the number of chunks that were rewritten. Chunks and fragments without any BAT (legacy) stay as they are, and so does what is complete.
 */
export async function addMirrorBat(operation: OperationView, item: Item, mirrorBatId: BatId): Promise<number> {
  const current = await refresh(operation, item);
  let count = 0;
  for (const part of [...current.links, current]) {
    const signer = part.requireSigner();
    for await (const chunk of chunksOf(operation, part)) {
      throwIfAborted(operation.signal, 'adding a mirror BAT');
      if (await addToChunk(operation, signer, chunk, mirrorBatId)) count++;
    }
  }
  return count;
}

async function* chunksOf(operation: OperationView, item: Item): AsyncGenerator<StoredChunk, void, undefined> {
  if (item.isDirectory) {
    for await (const { capability, cid, node } of directoryChunks(operation, item)) yield { mapKey: capability.mapKey, cid, node };
    return;
  }
  const chunks = new FileChunks(operation, item);
  for (let start = 0; start < chunks.count; start += MAX_CHAMP_LOOKUPS) {
    const end = Math.min(start + MAX_CHAMP_LOOKUPS, chunks.count);
    for (const chunk of await chunks.find(start, end, operation.signal)) {
      if (chunk === undefined) continue;
      if (chunk instanceof PyrgosError) throw chunk;
      yield { mapKey: chunk.location.mapKey, cid: chunk.cid, node: chunk.node };
    }
  }
}

async function addToChunk(
  operation: OperationView,
  signer: Signer,
  { mapKey, cid, node }: StoredChunk,
  mirrorBatId: BatId,
): Promise<boolean> {
  const sealed = await withMirrorBat(operation, node, mirrorBatId);
  if (sealed === undefined) return false;
  const changes = new ChunkChanges(operation);
  changes.put(signer, mapKey, cid, sealed);
  await changes.commit();
  return true;
}

/** The node with the id, and the fragments that are new; undefined when there is nothing to add. */
async function withMirrorBat(operation: OperationView, node: CryptreeNode, mirrorBatId: BatId): Promise<SealedChunk | undefined> {
  const data = await dataWithMirrorBat(operation, node.data, mirrorBatId);
  const [own] = node.batIds;
  const batIds = own === undefined || node.batIds.length !== 1 || own.inlineBat === undefined ? node.batIds : [own, mirrorBatId];
  if (data === undefined && batIds === node.batIds) return undefined;
  return { node: node.with({ batIds, data: data?.container ?? node.data }), fragments: data?.blocks ?? [] };
}

/** The data section over fragments with the id; undefined when all are complete. */
async function dataWithMirrorBat(
  operation: OperationView,
  data: FragmentedPaddedCipherText,
  mirrorBatId: BatId,
): Promise<{ readonly container: FragmentedPaddedCipherText; readonly blocks: readonly FragmentBlock[] } | undefined> {
  const { crypto, owner, signal } = operation;
  const blocks: FragmentBlock[] = [];
  const links: Cid[] = [];
  for (const { cid, bat } of data.fragments) {
    links.push(cid);
    if (bat === undefined || cid.codec !== CidCodec.raw || cid.isIdentity) continue;
    const bytes = await operation.getBlock(cid, { owner, bat, ...(signal === undefined ? {} : { signal }) });
    const [own, ...others] = batIdsOfRawBlock(bytes);
    if (own?.inlineBat === undefined || others.length > 0) continue;
    const extended = concatBytes(encodeRawPrefix([own, mirrorBatId]), stripRawPrefix(bytes));
    const block = { cid: Cid.ofSha256(crypto.sha256(extended), CidCodec.raw), bytes: extended, bat };
    links[links.length - 1] = block.cid;
    blocks.push(block);
  }
  if (blocks.length === 0) return undefined;
  const bats = data.fragments.flatMap(({ bat }) => (bat === undefined ? [] : [bat.toCbor()]));
  const container = FragmentedPaddedCipherText.fromCbor(
    cborMap([
      ['f', links],
      ['h', data.header],
      ['n', data.nonce],
      ['bats', bats],
    ]),
  );
  return { container, blocks };
}
