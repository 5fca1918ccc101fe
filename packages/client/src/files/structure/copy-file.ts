import { HashTreeBuilder } from '@pyrgos/core/containers';
import { type BatId, type Signer, SymmetricKey } from '@pyrgos/core/keys';
import { type AbsoluteCapability, type FileProperties, type RelativeCapability, STREAM_SECRET_SIZE } from '@pyrgos/core/model';
import type { FileTarget } from '../content/file-target.js';
import { BRANCH_INTERVAL, type PlainChunk, sealChunks, type SealedFileChunk } from '../content/seal-chunks.js';
import { resealProperties } from '../content/stage-file.js';
import { FileChunks, type Item, type OperationView, type View } from '../view/index.js';
import type { BlockStaging } from './block-staging.js';
import type { ChunkChanges } from './chunk-changes.js';

/** An item to copy, and the view in which it was opened. */
export interface CopySource {
  readonly view: View;
  readonly item: Item;
}

/** Where copies are put. */
export interface CopyTarget {
  readonly operation: OperationView;
  readonly changes: ChunkChanges;
  readonly staging: BlockStaging;
  /** Who signs there. */
  readonly signer: Signer;
  readonly mirrorBatId: BatId | undefined;
}

/** What a copied file is to be. */
export interface FileCopyParts {
  /** Its new keys and place. */
  readonly capability: AbsoluteCapability;
  readonly parentLink: RelativeCapability;
  /** Final ones, but for the stream secret and the hash. */
  readonly properties: FileProperties;
  /** Called with the bytes of each chunk that is done. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Chunks of one file that are decrypted and encrypted at a time. */
const CHUNKS_IN_FLIGHT = 3;

/**
 * Copies a file as a new one (chapter 04 section 20.1): read, decrypted and encrypted under fresh keys chunk by chunk, with exact lengths and
 * a hash of what was read. Notes it in the changes; nothing is committed. Errors of reading the source, AbortedError.
 */
export async function copyFile({ view, item }: CopySource, to: CopyTarget, parts: FileCopyParts): Promise<FileProperties> {
  const { operation, changes, staging, signer, mirrorBatId } = to;
  const { crypto } = operation;
  const streamSecret = crypto.randomBytes(STREAM_SECRET_SIZE);
  const source = new FileChunks(view, item);
  const properties = parts.properties.with({ size: source.size, streamSecret, treeHash: undefined });
  const target: FileTarget = {
    capability: parts.capability,
    signer,
    dataKey: SymmetricKey.generate(crypto),
    streamSecret,
    parentLink: parts.parentLink,
    mirrorBatId,
    signerLink: undefined,
  };
  const tree = new HashTreeBuilder(crypto);
  // They store the hash of all, which is known only at the end.
  const held: SealedFileChunk[] = [];
  const put = ({ location, sealed }: SealedFileChunk): void => void changes.put(signer, location.mapKey, undefined, sealed);
  const sealed = sealChunks(operation, target, (signal) => plainChunks(source, signal), { properties, concurrency: CHUNKS_IN_FLIGHT });
  for await (const chunk of sealed) {
    tree.addLeaf(chunk.leaf);
    if (chunk.index % BRANCH_INTERVAL === 0) held.push(chunk);
    else put(chunk);
    await staging.settle();
    parts.onBytes?.(chunk.length);
  }
  const hashTree = tree.build();
  for (const chunk of held) {
    const own = { treeHash: hashTree.branch(chunk.index), ...(chunk.index === 0 ? {} : { thumbnail: undefined }) };
    put({ ...chunk, sealed: resealProperties(operation, target, chunk, properties.with(own)) });
  }
  await staging.settle();
  return properties;
}

async function* plainChunks(source: FileChunks, signal: AbortSignal): AsyncGenerator<PlainChunk, void, undefined> {
  for (let index = 0; index < source.count; index++) {
    const chunk = await source.chunk(index, signal);
    yield { index, data: await source.content(chunk, signal) };
  }
}
