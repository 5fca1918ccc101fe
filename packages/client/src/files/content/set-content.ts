import { equalBytes } from '@pyrgos/core/bytes';
import { HashTree, HashTreeBuilder } from '@pyrgos/core/containers';
import { chunkCount, type FilePropertiesChanges, Timestamp } from '@pyrgos/core/model';
import { systemClock } from '../../commit/index.js';
import { refresh } from '../structure/refresh.js';
import { setProperties } from '../structure/rename.js';
import { FileReader, isDamage, type Item, type OperationView } from '../view/index.js';
import type { ByteSource } from './byte-source.js';
import { changeFile, type ContentChange, isRewriteDue } from './change-file.js';
import { assertContentCall, assertUploadOptions } from './content-arguments.js';
import type { ContentPorts } from './content-ports.js';
import { ProgressMeter } from './content-progress.js';
import { mimeTypeOf } from './mime-type-of.js';
import { lentThumbnail } from './make-thumbnail.js';
import { type PreparedContent, prepareContent, sourceChanged } from './prepared-content.js';
import type { UploadOptions, UploadResult } from './upload-options.js';

/** How the content of a file is replaced. */
export interface SetContentOptions extends Pick<
  UploadOptions,
  | 'modified'
  | 'mimeType'
  | 'fallbackMimeType'
  | 'thumbnail'
  | 'thumbnailOnce'
  | 'hashTree'
  | 'trustsHash'
  | 'keepsProperties'
  | 'onProgress'
> {
  /**
   * Write only the chunks whose hash differs from the one that the file stores, for files up to 5 GiB (chapter 04 section 15.1). What the
   * file stores may be stale, when another program has changed it carelessly: then the result is a mixture. Default false.
   */
  readonly changedChunksOnly?: boolean | undefined;
  /** What belongs to the change and is committed together with it: gets the file as it will be, gives it as it is then. */
  readonly alsoCommit?: ContentChange['alsoCommit'];
}

/**
 * Replaces the content of a file in one piece (chapter 04 section 15.1, `overwriteFile`); it keeps its capability, name and time of
 * creation. When it has this content already nothing is changed but the properties that the options name; see {@link UploadOptions.trustsHash}. Errors as in
 * `uploadFile`; a change of more than 10 MiB is sent before this returns.
 */
export async function setContent(
  operation: OperationView,
  ports: ContentPorts,
  file: Item,
  source: ByteSource,
  options: SetContentOptions = {},
): Promise<UploadResult> {
  assertContentCall(operation, ports, 'file', file, options);
  assertUploadOptions(options);
  const current = await refresh(operation, file);
  current.requireFile().requireSigner();
  return setPreparedContent(operation, ports, current, await prepareContent(operation, source, options.hashTree), options);
}

/**
 * Whether a file stores the hash of this content: then it is taken for the same (chapter 04 section 8.4). Content of the same size, and no
 * other, is read for that.
 */
async function hasContent({ isDirectory, opened }: Item, content: PreparedContent): Promise<boolean> {
  const { treeHash, size } = opened.properties;
  if (isDirectory || treeHash === undefined || size !== content.size) return false;
  return treeHash.root.equals((await content.hash())?.root);
}

/**
 * Whether nothing is to be written, because a file has this content already. A stored hash is a claim, of whoever may write there, and
 * fragments may be lost, and other clients leave it as it was when they change a later chunk (chapter 04 section 8.4): unless the caller trusts
 * it, the chunks that can be read are hashed and compared. That is cheaper than writing all of them again, and nobody sees a change that is none.
 */
export async function isUnchanged(
  operation: OperationView,
  file: Item,
  content: PreparedContent,
  { trustsHash }: Pick<UploadOptions, 'trustsHash'>,
): Promise<boolean> {
  if (trustsHash === false || !(await hasContent(file, content))) return false;
  if (trustsHash === true || content.size === 0) return true;
  const tree = await content.hash();
  try {
    let index = 0;
    for await (const chunk of new FileReader(operation, file)) {
      const leaf = await operation.pool.sha256(chunk, operation.signal === undefined ? {} : { signal: operation.signal });
      if (!equalBytes(leaf, tree?.leaf(index++) ?? new Uint8Array())) return false;
    }
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
}

/** {@link setContent} for a file as the operation sees it, with content that was looked at already. */
export async function setPreparedContent(
  operation: OperationView,
  ports: ContentPorts,
  current: Item,
  content: PreparedContent,
  options: SetContentOptions,
): Promise<UploadResult> {
  const { size } = content;
  const meter = new ProgressMeter(size, options.onProgress);
  if (await isUnchanged(operation, current, content, options)) {
    const item = options.keepsProperties === true ? current : await withStatedProperties(operation, current, options);
    meter.finish();
    return { item, outcome: 'unchanged' };
  }
  const mimeType = options.mimeType ?? mimeTypeOf(content.head, current.name, options.fallbackMimeType);
  const thumbnail =
    options.thumbnail ?? (await lentThumbnail(operation, ports.thumbnailer, content.repeatable, mimeType, options.thumbnailOnce));
  const modified = options.modified ?? Timestamp.now(ports.clock ?? systemClock);
  const newProperties: FilePropertiesChanges = { modified, mimeType, thumbnail };
  const old = options.changedChunksOnly === true ? storedTree(operation, current) : undefined;
  const leaves = new HashTreeBuilder(operation.crypto);
  let read = 0;
  const item = await changeFile(
    operation,
    ports,
    current,
    {
      isComplete: old === undefined,
      tree: () => leaves.build(),
      bytes: size,
      size: () => size ?? read,
      // Of a file that is replaced in part at least what it grows by.
      room: size === undefined || old === undefined ? size : size - current.opened.properties.size,
      properties: () => newProperties,
      alsoCommit: options.alsoCommit,
      check: ({ index, leaf }) => checkLeaf(content, index, leaf),
      chunks: async function* (signal) {
        for await (const chunk of content.chunks(0, signal)) {
          read += chunk.data.length;
          if (old === undefined) {
            yield chunk;
            continue;
          }
          const leaf = chunk.leaf ?? (await operation.pool.sha256(chunk.data, { signal }));
          leaves.addLeaf(leaf);
          if (!equalBytes(leaf, old.leaf(chunk.index) ?? new Uint8Array())) yield { ...chunk, leaf };
        }
      },
    },
    meter,
  );
  return { item, outcome: 'replaced' };
}

/** A file that keeps its content, with the properties that its caller names; as it is when it has them. */
async function withStatedProperties(
  operation: OperationView,
  file: Item,
  { modified, mimeType, thumbnail, alsoCommit }: SetContentOptions,
): Promise<Item> {
  const own = file.opened.properties;
  const stated = { modified: modified ?? own.modified, mimeType: mimeType ?? own.mimeType, thumbnail: thumbnail ?? own.thumbnail };
  if (own.with(stated).equals(own)) return file;
  return operation.committer.withoutFlush(async () => {
    const changed = await setProperties(operation, file, stated);
    return (await alsoCommit?.(changed)) ?? changed;
  });
}

/** ConflictError `conflict.source` when the hash tree of the content is known and says something else about a chunk. */
export function checkLeaf({ tree }: PreparedContent, index: number, leaf: Uint8Array): void {
  if (tree !== undefined && !equalBytes(leaf, tree.leaf(index) ?? new Uint8Array())) throw sourceChanged();
}

/** The hash tree that a file stores, when it is one of all its chunks and those can be left as they are. */
function storedTree(operation: OperationView, file: Item): HashTree | undefined {
  const { treeHash, size } = file.opened.properties;
  if (isRewriteDue(file) || treeHash === undefined) return undefined;
  const tree = HashTree.fromBranches([treeHash]);
  return tree.leafCount === chunkCount(size) && tree.isConsistent(operation.crypto) ? tree : undefined;
}
