import { ArgumentError } from '@pyrgos/core/errors';
import { assertLegalName } from '@pyrgos/core/model';
import { assertRoomForCopy, UNASKED_SIZE } from '../content/assert-room.js';
import type { ContentPorts } from '../content/content-ports.js';
import { catchUp, changedMeanwhile, flushNow } from '../content/flush-now.js';
import { type DanglingEntry, findEntry, type Item, listEntries, openItem, type OperationView } from '../view/index.js';
import type { ProgressListener } from '../../waiting/progress.js';
import { isWithin } from './ancestors.js';
import { BlockStaging } from './block-staging.js';
import { ChunkChanges } from './chunk-changes.js';
import type { CopySource } from './copy-file.js';
import { freeCopyName } from './copy-name.js';
import { copiedSize } from './copy-size.js';
import { TreeCopy } from './copy-tree.js';
import { DirectoryEdit, type EntryOptions, type NewEntry } from './directory-edit.js';
import { refresh } from './refresh.js';
import { fileToReplace, type ReplaceOptions, stageReplacement } from './replace-file.js';

/** How an item is copied. */
export interface CopyOptions extends EntryOptions, ReplaceOptions {
  /** Its name in the target; default that of the source, or, unless `replace`, `name (copy)` and so on when that is in use. */
  readonly name?: string | undefined;
  readonly onProgress?: ProgressListener | undefined;
  /**
   * Told of what a directory lists that cannot be opened, and of the names of that directory below the source: it is left out. Default, and what this
   * throws: the end of the copy.
   */
  readonly onDamaged?: ((damaged: DanglingEntry, below: readonly string[]) => void) | undefined;
  /** What is committed together with the copy. */
  readonly alsoCommit?: (() => Promise<void>) | undefined;
}

/** What a move wants of a copy. */
interface InternalCopyOptions extends CopyOptions {
  readonly isMove?: boolean | undefined;
}

/** What copying needs besides the view of the operation. */
export type CopyPorts = Pick<ContentPorts, 'blocks' | 'clock' | 'mirrorBatId' | 'space'>;

/**
 * Copies a file, or a directory with all below it, into a directory (chapter 04 section 20.1); resolves to the copy. The source may be of
 * another owner. Everything gets fresh keys; shares are not copied. Type, thumbnail and time of modification of files are kept.
 *
 * The copy appears as a whole, or not at all. Large ones are uploaded ahead of the commit, which is then sent before this returns: it must
 * not run inside `withoutFlush`. What cannot fit is refused before anything is sent: PyrgosError `quota`. ConflictError `conflict.exists` for a given name that is in use; ArgumentError when the target is the
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
  let directory = await refresh(operation, target);
  const signer = directory.requireDirectory().requireSigner();
  const { item } = source;
  if (options.name !== undefined) assertLegalName(options.name);
  if (item.isDirectory && (await isWithin(operation, directory, item))) throw new ArgumentError('target', 'must not be inside the source');
  const { replace = false } = options;
  const { name = replace ? item.name : await freeNameIn(operation, directory, item.name) } = options;
  const isChosen = options.name !== undefined || replace;
  // Before much is copied in vain.
  if (isChosen) await fileToReplace(operation, directory, name, item, options);
  if (item.isDirectory || item.opened.properties.size > UNASKED_SIZE) {
    const isOwn = item.owner.equals(operation.owner);
    await assertRoomForCopy(ports, async (limit) => copiedSize(source.view, item, limit), isOwn, operation.signal);
  }
  const staging = new BlockStaging(operation, ports);
  try {
    const changes = new ChunkChanges(operation, staging);
    const { maxPerChunk, onProgress, onDamaged, isMove = false } = options;
    const mirrorBatId = directory.node.mirrorBatId ?? ports.mirrorBatId;
    const copy = new TreeCopy(
      { operation, changes, staging, signer, mirrorBatId },
      { isMove, maxPerChunk, onProgress, onDamaged, clock: ports.clock },
    );
    const { capability, opened } = directory;
    const run = async (): Promise<NewEntry> => {
      const made = await copy.copy(source, name, { capability, parentKey: opened.parentKey });
      await staging.finish();
      return made;
    };
    // Nothing is committed meanwhile. What is moved is deleted afterwards: nobody may change it in between.
    const entry = isMove ? await run() : (await operation.lend(run)).result;
    if (operation.wasLent && !isMove) {
      await catchUp(operation, [directory.writer]);
      directory = await refresh(operation, directory);
      if (!isChosen && (await findEntry(operation, directory, name)) !== undefined) throw changedMeanwhile();
    }
    const edit = new DirectoryEdit(operation, changes, directory, options);
    const replaced = replace ? await fileToReplace(operation, directory, name, item, options) : undefined;
    const element = await operation.committer.withoutFlush(async () => {
      await stageReplacement(operation, changes, edit, replaced);
      const added = edit.add(entry);
      await edit.apply();
      await changes.commit();
      await options.alsoCommit?.();
      return added;
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
