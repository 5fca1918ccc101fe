import { ArgumentError } from '@pyrgos/core/errors';
import { assertLegalName } from '@pyrgos/core/model';
import type { ContentPorts } from '../content/content-ports.js';
import { flushNow } from '../content/flush-now.js';
import { findEntry, type Item, listEntries, openItem, type OperationView } from '../view/index.js';
import type { ProgressListener } from '../../waiting/progress.js';
import { isWithin } from './ancestors.js';
import { BlockStaging } from './block-staging.js';
import { ChunkChanges } from './chunk-changes.js';
import type { CopySource } from './copy-file.js';
import { freeCopyName } from './copy-name.js';
import { TreeCopy } from './copy-tree.js';
import { DirectoryEdit, type EntryOptions, nameInUse } from './directory-edit.js';
import { refresh } from './refresh.js';

/** How an item is copied. */
export interface CopyOptions extends EntryOptions {
  /** Its name in the target; default that of the source, or `name (copy)` and so on when that is in use. */
  readonly name?: string | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** What a move wants of a copy. */
interface InternalCopyOptions extends CopyOptions {
  readonly isMove?: boolean | undefined;
  /** What is committed together with the copy. */
  readonly alsoCommit?: (() => Promise<void>) | undefined;
}

/** What copying needs besides the view of the operation. */
export type CopyPorts = Pick<ContentPorts, 'blocks' | 'clock' | 'mirrorBatId'>;

/**
 * Copies a file, or a directory with all below it, into a directory (chapter 04 section 20.1); resolves to the copy. The source may be of
 * another owner. Everything gets fresh keys; shares are not copied. Type, thumbnail and time of modification of files are kept.
 *
 * The copy appears as a whole, or not at all. Large ones are uploaded ahead of the commit, which is then sent before this returns: it must
 * not run inside `withoutFlush`. ConflictError `conflict.exists` for a given name that is in use; ArgumentError when the target is the
 * source or inside it; what is wrong with a part of the source that cannot be read; DeniedError `denied.file`; AbortedError.
 */
export async function copyItem(
  operation: OperationView,
  ports: CopyPorts,
  source: CopySource,
  target: Item,
  options: CopyOptions = {},
): Promise<Item> {
  return copyInto(operation, ports, source, target, options);
}

/** {@link copyItem}, and what a move needs of it. */
export async function copyInto(
  operation: OperationView,
  ports: CopyPorts,
  source: CopySource,
  target: Item,
  options: InternalCopyOptions,
): Promise<Item> {
  const directory = await refresh(operation, target);
  const signer = directory.requireDirectory().requireSigner();
  const { item } = source;
  if (options.name !== undefined) assertLegalName(options.name);
  if (item.isDirectory && (await isWithin(operation, directory, item))) throw new ArgumentError('target', 'must not be inside the source');
  const { name = await freeNameIn(operation, directory, item.name) } = options;
  // Before much is copied in vain.
  if (options.name !== undefined && (await findEntry(operation, directory, name)) !== undefined) throw nameInUse();
  const staging = new BlockStaging(operation, ports);
  try {
    const changes = new ChunkChanges(operation, staging);
    const edit = new DirectoryEdit(operation, changes, directory, options);
    const { maxPerChunk, onProgress, isMove = false } = options;
    const mirrorBatId = directory.node.mirrorBatId ?? ports.mirrorBatId;
    const copy = new TreeCopy(
      { operation, changes, staging, signer, mirrorBatId },
      { isMove, maxPerChunk, onProgress, clock: ports.clock },
    );
    const { capability, opened } = directory;
    const entry = await copy.copy(source, name, { capability, parentKey: opened.parentKey });
    const element = edit.add(entry);
    await edit.apply();
    await staging.finish();
    await operation.committer.withoutFlush(async () => {
      await changes.commit();
      await options.alsoCommit?.();
    });
    if (staging.isUsed) await flushNow(operation);
    return await openItem(operation, entry.capability, { inheritedSigner: signer, entry: element });
  } finally {
    staging.close();
  }
}

/** The name that a copy gets in a directory. */
async function freeNameIn(operation: OperationView, directory: Item, name: string): Promise<string> {
  const taken = new Set<string>();
  // All candidates start like the name.
  const start = name.slice(0, 1);
  for await (const entry of listEntries(operation, directory)) if (entry.name?.startsWith(start) === true) taken.add(entry.name);
  return freeCopyName(name, (candidate) => taken.has(candidate));
}
