import { equalBytes } from '@pyrgos/core/bytes';
import { FragmentedPaddedCipherText } from '@pyrgos/core/containers';
import { withRandomSource } from '@pyrgos/core/crypto';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { type CryptreeNode, openNode } from '@pyrgos/core/model';
import { isDamage, loadNode, loadNodes, type OperationView, type View } from '../view/index.js';
import { type FileTarget, TargetLocations } from './file-target.js';
import { lending } from './lent-source.js';
import { runPipeline } from './ordered-pipeline.js';
import type { PreparedContent } from './prepared-content.js';
import type { PlainChunk } from './seal-chunks.js';

/**
 * Whether the first chunk that an unfinished upload has left names the directory of `target` as its parent (chapter 04 section 5.3): another directory
 * may have taken its place at the path since, by a rename or anew.
 */
export async function hasParent(view: View, { capability, parentLink }: FileTarget): Promise<boolean> {
  const { owner, writer, location } = capability;
  try {
    const result = await loadNode(view, owner, writer, location);
    if (result?.node === undefined) return false;
    const stored = openNode(view.crypto, result.node, capability).parentLink;
    if (stored === undefined || parentLink === undefined) return stored === parentLink;
    return equalBytes(stored.mapKey, parentLink.mapKey) && stored.key.equals(parentLink.key);
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

interface StoredChunk extends PlainChunk {
  readonly node: CryptreeNode;
}

/**
 * Whether the first `count` chunks that an unfinished upload has left hold this content: the SHA-256 of each, or undefined when one does
 * not. Nothing is downloaded but the nodes: a chunk that is encrypted again with the nonce and the BATs of its node gives the same
 * ciphertext, and so the same CIDs, exactly when it has the same bytes.
 */
export async function matchingLeaves(
  operation: OperationView,
  target: FileTarget,
  content: PreparedContent,
  count: number,
  concurrency: number,
): Promise<readonly Uint8Array[] | undefined> {
  const inputs = (signal: AbortSignal): AsyncIterable<StoredChunk | undefined> => storedChunks(operation, target, content, count, signal);
  const work = async (chunk: StoredChunk | undefined, _: number, signal: AbortSignal): Promise<Uint8Array | undefined> =>
    chunk === undefined ? undefined : leafIfSame(operation, target, chunk, signal);
  const leaves: Uint8Array[] = [];
  for await (const leaf of lending(operation, runPipeline(inputs, work, { concurrency, signal: operation.signal }))) {
    if (leaf === undefined) return undefined;
    leaves.push(leaf);
  }
  return leaves;
}

/** The first chunks of the content with the nodes at their places; undefined where there is none that can be read. */
async function* storedChunks(
  operation: OperationView,
  target: FileTarget,
  content: PreparedContent,
  count: number,
  signal: AbortSignal,
): AsyncGenerator<StoredChunk | undefined, void, undefined> {
  if (count === 0) return;
  const locations = new TargetLocations(operation.crypto, target);
  const { owner, writer } = target.capability;
  let nodes: readonly (CryptreeNode | undefined)[] = [];
  for await (const chunk of content.chunks(0, signal)) {
    const at = chunk.index % MAX_CHAMP_LOOKUPS;
    if (at === 0) {
      const wanted = Array.from({ length: Math.min(MAX_CHAMP_LOOKUPS, count - chunk.index) }, (_, i) => locations.at(chunk.index + i));
      nodes = (await loadNodes(operation, owner, writer, wanted, { signal })).map((result) => result?.node);
    }
    const node = nodes[at];
    yield node === undefined ? undefined : { ...chunk, node };
    if (chunk.index + 1 === count) return;
  }
}

async function leafIfSame(
  view: View,
  target: FileTarget,
  { data, node, release }: StoredChunk,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (!hasKeys(view, target, node)) return undefined;
  // What sealing draws at random: the nonce, then the BAT of each fragment.
  const drawn = [node.data.nonce, ...node.data.fragments.map(({ bat }) => bat?.bat.secret ?? new Uint8Array(32))];
  const crypto = withRandomSource(view.crypto, { randomBytes: (length) => drawn.shift() ?? new Uint8Array(length) });
  const { mirrorBatId } = node;
  const { container, dataDigest } = await FragmentedPaddedCipherText.sealInPool(crypto, view.pool, target.dataKey, data, {
    mirrorBatId,
    signal,
    consume: release !== undefined,
    hashData: true,
  });
  return container.equals(node.data) ? dataDigest : undefined;
}

/** Whether a node opens with the keys of the upload, and names its data key. */
function hasKeys(view: View, { capability, dataKey }: FileTarget, node: CryptreeNode): boolean {
  try {
    return openNode(view.crypto, node, capability).dataKey?.equals(dataKey) === true;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}
