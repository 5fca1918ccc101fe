import { FILES_PER_STEP, MAX_KNOWN_BLOCK_FOLDERS, MAX_OPEN_BLOCK_WRITES } from '../limits.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import { systemCode } from '../system-reason.js';
import type { BlockPath } from './block-paths.js';
import { BoundedMap } from './bounded-map.js';
import { DiskPace } from './disk-pace.js';
import type { FileSystem, QuickCalls } from './file-system.js';
import { nextTurn } from './next-turn.js';
import { settleAll } from './settle-all.js';
import { Slots } from './slots.js';
import { writeWhole } from './write-whole.js';

/** What {@link BlockFileWriter} needs. */
export interface BlockFileWriterOptions {
  /** Folder of the blocks. */
  readonly root: string;
  /** How the paths of half-written files begin. */
  readonly temporaryPrefix: string;
  readonly fileSystem: FileSystem;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Told the path of each file that has got its name. */
  readonly onNamed: (file: string) => void;
}

/** A block that has a place. */
interface PlacedBlock extends StoredBlock {
  readonly path: BlockPath;
}

/**
 * Writes the files of blocks: to temporary files, which get their names when they are whole. Many small files are written at once as long as the
 * disk is quick, because a way to the thread pool and back costs more than they do. Errors are those of the file system.
 */
export class BlockFileWriter {
  /** Files that are open for writing at a time. */
  readonly slots: Slots = new Slots(MAX_OPEN_BLOCK_WRITES);
  /** Folders that are there. */
  private readonly madeFolders = new BoundedMap<true>(MAX_KNOWN_BLOCK_FOLDERS);
  private readonly pace: DiskPace;
  private nextTemporary = 0;

  constructor(private readonly options: BlockFileWriterOptions) {
    this.pace = new DiskPace(options.now);
  }

  /** Makes the folders of new files that are not there. */
  async ensureFolders(paths: readonly BlockPath[]): Promise<void> {
    for (const { folder, userFolder } of paths) {
      if (this.madeFolders.get(folder) !== undefined) continue;
      await this.options.fileSystem.makeFolder(userFolder);
      await this.makeFolderIn(userFolder, folder);
      this.madeFolders.set(folder, true);
    }
  }

  /** Makes the folder of a user's files, and that of the user if somebody has removed it. */
  async makeFolderIn(userFolder: string, folder: string): Promise<void> {
    try {
      await this.options.fileSystem.makeFolder(folder);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      // Somebody removed a folder that we had made.
      await this.options.fileSystem.makeFolder(userFolder);
      await this.options.fileSystem.makeFolder(folder);
    }
  }

  /** A path for a new temporary file. */
  temporaryPath(): string {
    return `${this.options.temporaryPrefix}-${this.nextTemporary++}`;
  }

  /** Removes a temporary file. Never fails. */
  async discard(temporary: string): Promise<void> {
    // Whatever cannot be removed now is removed at the next start.
    await this.options.fileSystem.unlink(temporary).catch(() => undefined);
  }

  /** Writes many small blocks to their temporary files, without a sync. */
  async writeTemporaries(files: readonly (readonly [PlacedBlock, string])[]): Promise<void> {
    await this.runQuickly(
      files,
      (quick, [{ bytes }, temporary]) => {
        quick.writeNew(temporary, bytes);
        return true;
      },
      async ([{ bytes }, temporary]) => this.writeNew(temporary, bytes, false),
    );
  }

  /** Gives temporary files their names; `isNamed` is called for each that has got it. */
  async nameAll<T extends PlacedBlock>(files: readonly (readonly [T, string])[], isNamed: (block: T) => void): Promise<void> {
    const done = (block: T): void => {
      this.options.onNamed(block.path.file);
      isNamed(block);
    };
    await this.runQuickly(
      files,
      (quick, [block, temporary]) => {
        const isDone = quick.rename(temporary, block.path.file);
        if (isDone) done(block);
        return isDone;
      },
      async ([block, temporary]) => {
        await this.rename(temporary, block.path);
        done(block);
      },
    );
  }

  /** Writes a file and gives it its name. `syncs`: its content is durable then, its name not yet. */
  async write(path: BlockPath, bytes: Uint8Array, syncs: boolean): Promise<void> {
    const temporary = this.temporaryPath();
    try {
      await this.writeNew(temporary, bytes, syncs);
      await this.rename(temporary, path);
    } catch (error) {
      await this.discard(temporary);
      throw error;
    }
  }

  /** Does something with each of many small files: at once, as long as that works and the disk is quick, else through the thread pool. */
  private async runQuickly<T>(
    items: readonly T[],
    now: (quick: QuickCalls, item: T) => boolean,
    later: (item: T) => Promise<void>,
  ): Promise<void> {
    const { quick } = this.options.fileSystem;
    const work: Promise<void>[] = [];
    try {
      for (const [i, item] of items.entries()) {
        if (i % FILES_PER_STEP === FILES_PER_STEP - 1) await nextTurn();
        const isDone = quick !== undefined && this.pace.attempt(() => now(quick, item))?.value === true;
        if (isDone) continue;
        const written = this.slots.run(async () => later(item));
        // It may fail before the others have begun, when nobody waits for it yet.
        written.catch(() => undefined);
        work.push(written);
      }
    } finally {
      await settleAll(work);
    }
  }

  private async rename(temporary: string, { file, folder, userFolder }: BlockPath): Promise<void> {
    const { quick } = this.options.fileSystem;
    try {
      const isDone = quick !== undefined && this.pace.attempt(() => quick.rename(temporary, file))?.value === true;
      if (!isDone) await this.options.fileSystem.rename(temporary, file);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      // Somebody removed a folder that we knew to be there.
      await this.makeFolderIn(userFolder, folder);
      await this.options.fileSystem.syncFolder(this.options.root);
      await this.options.fileSystem.syncFolder(userFolder);
      await this.options.fileSystem.rename(temporary, file);
    }
    this.options.onNamed(file);
  }

  private async writeNew(path: string, bytes: Uint8Array, syncs: boolean): Promise<void> {
    const descriptor = await this.options.fileSystem.open(path, syncs ? 'wxs' : 'wx');
    try {
      await writeWhole(this.options.fileSystem, descriptor, bytes);
    } finally {
      await this.options.fileSystem.close(descriptor);
    }
  }
}
