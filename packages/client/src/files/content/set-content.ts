import { equalBytes } from '@pyrgos/core/bytes';
import { HashTree, HASH_LIST_LENGTH } from '@pyrgos/core/containers';
import { chunkCount, detectMimeType, type FilePropertiesChanges, Timestamp } from '@pyrgos/core/model';
import { systemClock } from '../../commit/index.js';
import { refresh } from '../structure/refresh.js';
import type { Item, OperationView } from '../view/index.js';
import type { ByteSource } from './byte-source.js';
import { changeFile, type ContentChange, isRewriteDue } from './change-file.js';
import type { ContentPorts } from './content-ports.js';
import { ProgressMeter, THUMBNAIL_PROGRESS } from './content-progress.js';
import { makeThumbnail } from './make-thumbnail.js';
import { type PreparedContent, prepareContent, sourceChanged } from './prepared-content.js';
import type { PlainChunk } from './seal-chunks.js';
import type { UploadOptions, UploadResult } from './upload-options.js';

/** How the content of a file is replaced. */
export interface SetContentOptions extends Pick<UploadOptions, 'modified' | 'mimeType' | 'thumbnail' | 'hashTree' | 'onProgress'> {
  /**
   * Write only the chunks whose hash differs from the one that the file stores, for files up to 5 GiB (chapter 04 section 15.1). What the
   * file stores may be stale, when another program has changed it carelessly: then the result is a mixture. Default false.
   */
  readonly changedChunksOnly?: boolean | undefined;
  /** See {@link ContentChange.alsoCommit}. */
  readonly alsoCommit?: ContentChange['alsoCommit'];
}

/**
 * Replaces the content of a file in one piece (chapter 04 section 15.1, `overwriteFile`); it keeps its capability, name and time of
 * creation. When the stored hash says that it has this content already, nothing is changed. Errors and commits as in {@link changeFile}
 * and `uploadFile`.
 */
export async function setContent(
  operation: OperationView,
  ports: ContentPorts,
  file: Item,
  source: ByteSource,
  options: SetContentOptions = {},
): Promise<UploadResult> {
  const current = await refresh(operation, file);
  current.requireFile().requireSigner();
  return setPreparedContent(operation, ports, current, await prepareContent(operation, source, options.hashTree), options);
}

/** Whether a file stores the hash of this content: then it is taken for the same (chapter 04 section 8.4). */
export function hasContent({ isDirectory, opened }: Item, { tree, size }: PreparedContent): boolean {
  const { treeHash, size: oldSize } = opened.properties;
  return !isDirectory && tree !== undefined && oldSize === size && treeHash?.root.equals(tree.root) === true;
}

/** {@link setContent} for a file as the operation sees it, with content that was looked through already. */
export async function setPreparedContent(
  operation: OperationView,
  ports: ContentPorts,
  current: Item,
  content: PreparedContent,
  options: SetContentOptions,
): Promise<UploadResult> {
  const { size, tree } = content;
  const meter = new ProgressMeter(size === undefined ? undefined : size + THUMBNAIL_PROGRESS, options.onProgress);
  if (hasContent(current, content)) {
    meter.finish();
    return { item: current, outcome: 'unchanged' };
  }
  const mimeType = options.mimeType ?? detectMimeType(content.head, current.name);
  const thumbnail = options.thumbnail ?? (await makeThumbnail(ports.thumbnailer, content.repeatable, mimeType, operation.signal));
  const modified = options.modified ?? Timestamp.now(ports.clock ?? systemClock);
  const newProperties: FilePropertiesChanges = { modified, mimeType, thumbnail };
  const changed = options.changedChunksOnly === true ? changedChunks(operation, current, content) : undefined;
  let read = 0;
  const item = await changeFile(
    operation,
    ports,
    current,
    {
      isComplete: changed === undefined,
      tree,
      bytes: size,
      size: () => size ?? read,
      properties: () => newProperties,
      alsoCommit: options.alsoCommit,
      check: ({ index, leaf }) => {
        if (tree !== undefined && !equalBytes(leaf, tree.leaf(index) ?? new Uint8Array())) throw sourceChanged();
      },
      chunks: async function* (signal) {
        for await (const chunk of content.chunks(0, signal)) {
          read += chunk.data.length;
          if (changed === undefined || changed.has(chunk.index)) yield chunk;
          else skipped(chunk, tree, operation);
        }
      },
    },
    meter,
  );
  return { item, outcome: 'replaced' };
}

/** A chunk that is left as it is must be what the tree says as well. */
function skipped({ index, data }: PlainChunk, tree: HashTree | undefined, { crypto }: OperationView): void {
  if (!equalBytes(crypto.sha256(data), tree?.leaf(index) ?? new Uint8Array())) throw sourceChanged();
}

/** The chunks that differ by the hashes that the file stores; undefined when they cannot be told. */
function changedChunks(operation: OperationView, file: Item, { size, tree }: PreparedContent): ReadonlySet<number> | undefined {
  const { treeHash, size: oldSize } = file.opened.properties;
  if (isRewriteDue(file) || treeHash === undefined || tree === undefined || size === undefined) return undefined;
  const old = HashTree.fromBranches([treeHash]);
  const isWhole = tree.leafCount <= HASH_LIST_LENGTH && old.leafCount === chunkCount(oldSize) && old.isConsistent(operation.crypto);
  return isWhole ? new Set(tree.changedChunks(old)) : undefined;
}
