import { DeniedError, NotFoundError, throwIfAborted } from '@pyrgos/core/errors';
import { onlyForward, type ProgressListener } from '../waiting/progress.js';
import { isRewriteDue } from './content/change-file.js';
import { cleanFile, type ContentPorts } from './content/index.js';
import { FileEntry } from './file-entry.js';
import { assertFlag } from './file-system-arguments.js';
import type { RotateKeysOptions, WatchedOptions } from './file-system-options.js';
import { assertMovable, type FileTree, formatPath } from './file-tree.js';
import { type FileSystemParts, requireDirectory, reserve, reserveChild, type Reserved } from './file-tree-parts.js';
import { LeftOut } from './left-out.js';
import type { ShareBook } from './share-book.js';
import { rotateAllKeys, writingSpacesOf } from './structure/index.js';
import { type CommittedView, findEntry, type Item, listChildren, splitPath } from './view/index.js';

/** Bytes of content that are encrypted anew in one commit, if they are several files. */
const BATCH_BYTES = 8_388_608;
/** Files in one such commit. */
const BATCH_FILES = 200;

/** A file whose content is due. */
interface DueFile {
  readonly name: string;
  readonly size: number;
}

/** What a {@link FileSystem} does with keys; its methods are documented there. */
export class KeyChanges {
  private readonly tree: FileTree;
  private readonly ports: ContentPorts;

  private readonly shareBook: ShareBook | undefined;

  constructor({ tree, ports, shareBook }: FileSystemParts) {
    this.shareBook = shareBook;
    this.tree = tree;
    this.ports = ports;
  }

  async rotateKeys(path: string, options: RotateKeysOptions): Promise<FileEntry> {
    const { newWritingSpace = false, signal, onProgress } = options;
    assertFlag('options.newWritingSpace', newWritingSpace);
    const names = splitPath(path);
    assertMovable(names, this.tree.username);
    const { mirrorBatId } = this.ports;
    const leftOut = new LeftOut(options);
    const how = { names, rotateSigner: newWritingSpace, mirrorBatId, staging: this.ports, onProgress: onlyForward(onProgress) };
    const book = this.shareBook;
    const rotated = await this.tree.change(
      { signal },
      async (view) => {
        const child = await reserveChild(this.tree, view, path);
        if (!this.tree.isOwn(names)) {
          throw new DeniedError('denied.file', 'Only the owner of files gives them new keys: they decide who has access.');
        }
        const noted = await book?.look(view, names);
        const writers = [...child.writers, ...(await writingSpacesOf(view, [child.item])), ...(noted?.writers ?? [])];
        return { ...child, writers, isNoted: noted !== undefined };
      },
      async (operation, { parent, item, isNoted }) => {
        await book?.rely(operation, names.slice(0, -1), names.slice(-1));
        // Who was noted must not get the new keys when somebody else is locked out later.
        const alsoCommit = async (): Promise<void> => (isNoted ? book?.lost(operation, names) : undefined);
        return rotateAllKeys(operation, parent, item, { ...how, ...leftOut.attempt(), alsoCommit });
      },
    );
    leftOut.tell();
    return new FileEntry(formatPath(names), rotated);
  }

  async reencrypt(path: string, { signal, onProgress }: WatchedOptions): Promise<number> {
    const names = splitPath(path);
    const { item } = await this.tree.lookNow(signal, path);
    const meter = new BatchMeter(onlyForward(onProgress));
    if (!item.isDirectory) {
      if (isDue(item)) await this.cleanOne(names, signal, meter);
      return meter.files;
    }
    const open: (readonly string[])[] = [names];
    for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
      const below: (readonly string[])[] = [];
      for await (const batch of this.dueFilesOf(directory, below, signal)) await this.cleanIn(directory, batch, signal, meter);
      open.push(...below.reverse());
    }
    return meter.files;
  }

  /** The files of a directory that are due, in parts; those that it holds, and the directories in it. */
  private async *dueFilesOf(
    directory: readonly string[],
    below: (readonly string[])[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly DueFile[], void, undefined> {
    const due: DueFile[] = [];
    try {
      // That nothing is due is what somebody relies on who has ended a share: this device must not say so of what it remembers.
      const { view, item } = await this.tree.lookNow(signal, formatPath(directory));
      if (!item.isDirectory) return;
      for await (const child of listChildren(view, item)) {
        // What cannot be opened cannot be encrypted anew, and what is of other people is theirs.
        if (child.isDangling || !child.owner.equals(item.owner)) continue;
        if (child.isDirectory) below.push([...directory, child.name]);
        else if (isDue(child)) due.push({ name: child.name, size: child.properties.size });
      }
    } catch (error) {
      // Somebody has deleted or moved it meanwhile.
      if (!(error instanceof NotFoundError)) throw error;
    }
    for (let start = 0; start < due.length;) {
      let end = start;
      let bytes = 0;
      do bytes += due[end++]?.size ?? 0;
      while (end < due.length && end - start < BATCH_FILES && bytes + (due[end]?.size ?? 0) <= BATCH_BYTES);
      yield due.slice(start, end);
      start = end;
    }
  }

  private async cleanIn(
    directory: readonly string[],
    batch: readonly DueFile[],
    signal: AbortSignal | undefined,
    meter: BatchMeter,
  ): Promise<void> {
    const prepare = async (view: CommittedView): Promise<Reserved & { readonly found: readonly Item[] }> => {
      const located = await this.tree.locate(view, formatPath(directory));
      requireDirectory(located.item);
      const children = await Promise.all(batch.map(async ({ name }) => findEntry(view, located.item, name)));
      // What others have renamed, replaced or damaged meanwhile is left out.
      const found = children.filter((child): child is Item => child?.isDangling === false && !child.isDirectory && isDue(child));
      const writers = found.flatMap(({ writer, links }) => [writer, ...links.map((link) => link.writer)]);
      return { ...reserve(located), writers: [located.item.writer, ...writers], found };
    };
    try {
      const count = await this.tree.change({ signal }, prepare, async (operation, { found }) => {
        let bytes = 0;
        for (const file of found) {
          throwIfAborted(signal, 'encrypting files anew');
          const base = bytes;
          await cleanFile(operation, this.ports, file, { onProgress: ({ done }) => meter.tell(base + done) });
          bytes += file.properties.size;
        }
        return { files: found.length, bytes };
      });
      meter.add(count);
    } catch (error) {
      // The directory is gone: what was in it is found where it is now by the next call.
      if (!(error instanceof NotFoundError && error.code === 'not-found.file')) throw error;
    }
  }

  private async cleanOne(names: readonly string[], signal: AbortSignal | undefined, meter: BatchMeter): Promise<void> {
    const count = await this.tree.change(
      { signal },
      async (view) => reserve(await this.tree.locate(view, formatPath(names))),
      async (operation, { item }) => {
        await cleanFile(operation, this.ports, item, { onProgress: ({ done }) => meter.tell(done) });
        return { files: 1, bytes: item.properties.size };
      },
    );
    meter.add(count);
  }
}

/** Whether the content of a file waits to be encrypted under new keys, and may be by this account. */
function isDue(item: Item): boolean {
  return item.isWritable && isRewriteDue(item);
}

/** How far a walk has come, in bytes of content. */
class BatchMeter {
  files = 0;
  private bytes = 0;

  constructor(private readonly listener: ProgressListener | undefined) {}

  /** Bytes of the commit that is being made. */
  tell(bytes: number): void {
    this.listener?.({ done: this.bytes + bytes, total: undefined, unit: 'bytes', items: this.files });
  }

  /** A commit is made. */
  add({ files, bytes }: { readonly files: number; readonly bytes: number }): void {
    this.files += files;
    this.bytes += bytes;
    this.tell(0);
  }
}
