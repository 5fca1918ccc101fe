import { dirname, join } from 'node:path';
import { equalBytes, toHex } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import type { Hasher, RandomSource } from '@pyrgos/core/crypto';
import { ArgumentError, type PyrgosError } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import type { StoredBlock } from '../ports/local-blocks.js';
import {
  JOURNALED_BLOCK_SIZE,
  MAX_BLOCK_CACHE_ENTRY_SIZE,
  MAX_BLOCK_DELETIONS,
  MAX_DAMAGED_BLOCKS,
  MAX_KNOWN_BLOCK_FOLDERS,
  MAX_OPEN_BLOCK_READS,
} from '../limits.js';
import { BlockJournal, type JournalEntry, type JournalSizes, journalSizes } from './block-journal.js';
import { assertPartitionName, type BlockPath, blockPath, cidOfFileName, isStorable } from './block-paths.js';
import type { BlockStorage, BlockToStore, GetOptions, StoredBlockFacts } from './block-storage.js';
import { BlockFileWriter } from './block-file-writer.js';
import { BoundedMap } from './bounded-map.js';
import { DiskPace } from './disk-pace.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';
import { FolderSyncs } from './folder-syncs.js';
import type { JournalRecord } from './journal-format.js';
import { settleAll } from './settle-all.js';
import { Slots } from './slots.js';
import { damagedBlockError, storageError } from './storage-error.js';
import { systemCode } from '../system-reason.js';

/** Where half-written files are. No user name has a dot, and it is on the same file system as the blocks, so that renames are atomic. */
const TEMPORARY = '.tmp';
/** The names of its files: random digits of the process and a number. Nothing else there is ours to delete. */
const TEMPORARY_NAME = /^[0-9a-f]{16}-[0-9]+$/;

/** What {@link FileBlockStorage.open} needs. */
export interface FileBlockStorageOptions {
  /** Folder of the blocks; made when missing, but not its parent. No other process uses it. */
  readonly root: string;
  readonly hasher: Hasher;
  readonly random: RandomSource;
  readonly fileSystem?: FileSystem;
  readonly journal?: JournalSizes;
  /** A monotonic clock in milliseconds, which shows whether the disk is quick. Default: that of the process. */
  readonly now?: () => number;
  /**
   * Whether somebody needs a block that was acknowledged some time ago. What was deleted shortly before a crash does not come back then.
   * Default: all are needed.
   */
  readonly isNeeded?: (username: string, cid: Cid) => boolean;
  /**
   * Told when blocks cannot, in the background, be made durable where they belong, and when something strange is in the journal. The journal
   * keeps the blocks. `isFinal`: it is not tried again before the next start.
   */
  readonly onProblem?: (error: PyrgosError, isFinal: boolean) => void;
}

/** What a start has found and repaired. */
export interface BlockRepairs {
  /** Half-written files that were deleted. */
  readonly temporaryFiles: number;
  /** Blocks in the journal. */
  readonly journaledBlocks: number;
  /** Those of them whose files were missing or in doubt and were written from it. */
  readonly restoredBlocks: number;
}

/** A block on its way to its file. */
interface Incoming extends StoredBlock {
  readonly isNew: boolean;
  readonly path: BlockPath;
}

/** Memory that is written in full or not returned, so it need not be cleared first. */
function uninitialized(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

/**
 * Blocks as files `<root>/<username>/<X>/<KEY>.data` (chapter 08 sections 4.1 to 4.3).
 *
 * A block is written to a temporary file, made durable, and renamed, so a name leads to a whole block or to nothing. Small blocks are made durable
 * in the {@link BlockJournal}, all of a put at once. Of large ones each file is synced; then each folder that files were renamed
 * into is synced once, after all renames; concurrent puts share these syncs, and the file system groups those of the files. A put
 * waits for the sync of a folder when the block was there already, too: somebody may have renamed it a moment ago.
 *
 * Every read is verified: a client would find out anyway, but neither it nor we would know that this disk has begun to lie, and servers that
 * mirror us would copy it. The hash is computed here and not on another thread: a full block takes 0.7 ms, and giving it to Node's
 * pool costs more processor time than it saves on a small machine. What is found damaged is replaced when it is uploaded again.
 */
export class FileBlockStorage implements BlockStorage {
  private readonly root: string;
  private readonly hasher: Hasher;
  private readonly fileSystem: FileSystem;
  private readonly reads = new Slots(MAX_OPEN_BLOCK_READS);
  /** Few, so that garbage collection does not keep the disk from everybody else. */
  private readonly deletions = new Slots(MAX_BLOCK_DELETIONS);
  private readonly files: BlockFileWriter;
  private readonly folderSyncs: FolderSyncs;
  /** Folders whose own names are durable. */
  private readonly knownFolders = new BoundedMap<true>(MAX_KNOWN_BLOCK_FOLDERS);
  private readonly damaged = new BoundedMap<true>(MAX_DAMAGED_BLOCKS);
  private readonly readPace: DiskPace;
  private readonly isNeeded: (username: string, cid: Cid) => boolean;
  private readonly found = { temporaryFiles: 0, journaledBlocks: 0, restoredBlocks: 0 };
  /** Set by {@link FileBlockStorage.open}. */
  private journal: BlockJournal | undefined;

  private constructor({
    root,
    hasher,
    random,
    fileSystem = nodeFileSystem,
    isNeeded = () => true,
    now = () => performance.now(),
  }: FileBlockStorageOptions) {
    this.root = root;
    this.readPace = new DiskPace(now);
    this.hasher = hasher;
    this.fileSystem = fileSystem;
    this.isNeeded = isNeeded;
    this.folderSyncs = new FolderSyncs(fileSystem);
    this.files = new BlockFileWriter({
      root,
      temporaryPrefix: join(root, TEMPORARY, toHex(random.randomBytes(8))),
      fileSystem,
      now,
      onNamed: (file) => this.damaged.delete(file),
    });
  }

  /**
   * Makes the folders that are missing, deletes what a crash left half-written and restores what it left in the journal. PyrgosError `storage`;
   * nothing is lost then.
   */
  static async open(options: FileBlockStorageOptions): Promise<FileBlockStorage> {
    const storage = new FileBlockStorage(options);
    const { root, fileSystem, hasher } = storage;
    const temporary = join(root, TEMPORARY);
    try {
      await fileSystem.makeFolder(root);
      await fileSystem.makeFolder(temporary);
      await fileSystem.syncFolder(dirname(root));
      await fileSystem.syncFolder(root);
      for await (const { name, isFile } of fileSystem.list(temporary)) {
        if (!isFile || !TEMPORARY_NAME.test(name)) continue;
        await fileSystem.unlink(join(temporary, name));
        storage.found.temporaryFiles++;
      }
      storage.journal = await BlockJournal.open({
        root,
        fileSystem,
        hasher,
        random: options.random,
        sizes: options.journal ?? journalSizes,
        restore: async (record, trusts) => storage.restore(record, trusts),
        rewrite: async (record) => storage.rewrite(record),
        onProblem: (error, isFinal) => options.onProblem?.(storageError('written', error), isFinal),
      });
    } catch (error) {
      throw storageError('opened', error);
    }
    return storage;
  }

  /** Opens it for reading, on a disk that cannot be written. What is only in the journal is not found. */
  static forReading(options: Pick<FileBlockStorageOptions, 'root' | 'hasher' | 'random' | 'fileSystem'>): FileBlockStorage {
    return new FileBlockStorage(options);
  }

  /** What was found and repaired when it was opened. */
  get repairs(): BlockRepairs {
    return this.found;
  }

  async putMany(username: string, blocks: readonly BlockToStore[]): Promise<void> {
    assertPartitionName(username);
    for (const { cid } of blocks) if (!isStorable(cid)) throw new ArgumentError('cid', 'must be sha2-256, raw or dag-cbor');
    const distinct = new Map(blocks.map((block) => [block.cid.key, block]));
    const incoming = Array.from(distinct.values(), ({ cid, bytes, isNew = false }): Incoming => {
      return { cid, bytes, isNew, path: blockPath(this.root, username, cid) };
    });
    try {
      const stored = await this.findStored(incoming);
      const missing = incoming.filter((block) => !stored.has(block));
      const small = missing.filter(({ bytes }) => bytes.length <= JOURNALED_BLOCK_SIZE);
      const entry = this.enterJournal(small);
      const synced = entry === undefined ? missing : missing.filter((block) => !small.includes(block));
      await settleAll([...(entry === undefined ? [] : [this.putJournaled(username, small, entry)]), this.putSynced(synced, stored)]);
    } catch (error) {
      throw storageError('written', error);
    }
  }

  async get(username: string, cid: Cid, { size, memory }: GetOptions = {}): Promise<Uint8Array | undefined> {
    assertPartitionName(username);
    if (!isStorable(cid)) return undefined;
    const { file } = blockPath(this.root, username, cid);
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.read(file, size, memory);
      if (bytes !== undefined && !equalBytes(this.hasher.sha256(bytes), cid.multihash.digest)) bytes = undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw storageError('read', error);
    }
    if (bytes !== undefined) return bytes;
    this.damaged.set(file, true);
    throw damagedBlockError(cid.toString());
  }

  async has(username: string, cid: Cid): Promise<boolean> {
    return (await this.stat(username, cid)) !== undefined;
  }

  async stat(username: string, cid: Cid): Promise<StoredBlockFacts | undefined> {
    assertPartitionName(username);
    if (!isStorable(cid)) return undefined;
    try {
      const { size, modified } = await this.fileSystem.stat(blockPath(this.root, username, cid).file);
      return { size, modified };
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw storageError('read', error);
    }
  }

  async deleteMany(username: string, cids: readonly Cid[]): Promise<void> {
    assertPartitionName(username);
    const files = cids.filter(isStorable).map((cid) => blockPath(this.root, username, cid).file);
    try {
      await settleAll(files.map((file) => this.deletions.run(() => this.unlink(file))));
    } catch (error) {
      throw storageError('deleted', error);
    }
  }

  async *list(username: string): AsyncIterable<Cid> {
    assertPartitionName(username);
    const userFolder = join(this.root, username);
    for await (const folder of this.elements(userFolder)) {
      if (!folder.isFolder) continue;
      for await (const { name, isFolder } of this.elements(join(userFolder, folder.name))) {
        const cid = isFolder ? undefined : cidOfFileName(name);
        if (cid !== undefined) yield cid;
      }
    }
  }

  async close(): Promise<void> {
    await this.journal?.close();
  }

  private async *elements(folder: string): ReturnType<FileSystem['list']> {
    try {
      yield* this.fileSystem.list(folder);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw storageError('listed', error);
    }
  }

  /** Those whose files are there and whole, as far as that can be seen without reading them. */
  private async findStored(incoming: readonly Incoming[]): Promise<ReadonlySet<Incoming>> {
    const stored = new Set<Incoming>();
    const look = async (block: Incoming): Promise<void> => {
      if (await this.files.slots.run(async () => this.isWhole(block.path.file, block.bytes.length))) stored.add(block);
    };
    await settleAll(incoming.filter(({ isNew }) => !isNew).map(look));
    return stored;
  }

  private enterJournal(small: readonly Incoming[]): JournalEntry | undefined {
    if (small.length === 0) return undefined;
    const size = small.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return this.journal?.enter(
      small.map(({ path }) => path),
      size,
    );
  }

  /** Nothing gets its name before everything is in the journal. */
  private async putJournaled(username: string, blocks: readonly Incoming[], entry: JournalEntry): Promise<void> {
    const unnamed = new Map(blocks.map((block) => [block, this.files.temporaryPath()]));
    try {
      await this.files.ensureFolders(blocks.map(({ path }) => path));
      const files = [...unnamed];
      const appended = entry.append(blocks.map(({ cid, bytes }) => ({ username, cid, bytes })));
      await settleAll([appended, this.files.writeTemporaries(files)]);
      await this.files.nameAll(files, (block) => unnamed.delete(block));
    } catch (error) {
      for (const temporary of unnamed.values()) await this.files.discard(temporary);
      throw error;
    } finally {
      entry.leave();
    }
  }

  /** `stored` are files that are there already: their content is durable, their names need not be. */
  private async putSynced(blocks: readonly Incoming[], stored: ReadonlySet<Incoming>): Promise<void> {
    const paths = [...blocks, ...stored].map(({ path }) => path);
    const unsynced = await this.makeFolders(paths);
    await settleAll(blocks.map(async ({ path, bytes }) => this.files.slots.run(async () => this.files.write(path, bytes, true))));
    const folders = new Set([...paths.map(({ folder }) => folder), ...unsynced.parents]);
    await settleAll(Array.from(folders, async (folder) => this.folderSyncs.sync(folder)));
    for (const folder of unsynced.made) this.knownFolders.set(folder, true);
  }

  /** See {@link BlockJournalOptions.restore}. */
  private async restore({ username, cid, bytes }: JournalRecord, trusts: boolean): Promise<string> {
    const path = blockPath(this.root, username, cid);
    const found = this.compare(path.file, bytes);
    const isRight = found === 'missing' ? !this.isNeeded(username, cid) : found === 'same' && trusts;
    this.found.journaledBlocks++;
    if (!isRight) {
      this.found.restoredBlocks++;
      await this.files.ensureFolders([path]);
      await this.files.write(path, bytes, false);
    }
    return path.file;
  }

  private async rewrite({ username, cid, bytes }: JournalRecord): Promise<void> {
    const path = blockPath(this.root, username, cid);
    // It may have been deleted meanwhile.
    if (this.compare(path.file, bytes) !== 'missing') await this.files.write(path, bytes, true);
  }

  private compare(file: string, bytes: Uint8Array): 'missing' | 'same' | 'different' {
    const content = new Uint8Array(bytes.length + 1);
    try {
      const length = this.fileSystem.readNow(file, content);
      return length === bytes.length && equalBytes(content.subarray(0, length), bytes) ? 'same' : 'different';
    } catch (error) {
      return systemCode(error) === 'ENOENT' ? 'missing' : 'different';
    }
  }

  /** Makes the folders of new files. `made` is known once `parents`, where their names are, are synced. */
  private async makeFolders(paths: readonly BlockPath[]): Promise<{ readonly made: Set<string>; readonly parents: Set<string> }> {
    const made = new Set<string>();
    const parents = new Set<string>();
    for (const { folder, userFolder } of paths) {
      if (made.has(folder) || this.knownFolders.get(folder) !== undefined) continue;
      if (!made.has(userFolder) && this.knownFolders.get(userFolder) === undefined) {
        await this.fileSystem.makeFolder(userFolder);
        made.add(userFolder);
        parents.add(this.root);
      }
      await this.files.makeFolderIn(userFolder, folder);
      made.add(folder);
      parents.add(userFolder);
    }
    return { made, parents };
  }

  private async isWhole(file: string, size: number): Promise<boolean> {
    if (this.damaged.has(file)) return false;
    try {
      const facts = await this.fileSystem.stat(file);
      return facts.isFile && facts.size === size;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** The content of the file, or undefined when it cannot be a block: too large, or shorter than expected. */
  private async read(path: string, size: number | undefined, memory: GetOptions['memory']): Promise<Uint8Array | undefined> {
    const quick = size === undefined || size > MAX_BLOCK_CACHE_ENTRY_SIZE ? undefined : this.readQuickly(path, size, memory);
    if (quick !== undefined) return quick.value;
    return this.reads.run(async () => {
      const descriptor = await this.fileSystem.open(path, 'r');
      try {
        return await this.readWhole(descriptor, size, memory);
      } finally {
        await this.fileSystem.close(descriptor);
      }
    });
  }

  private readQuickly(path: string, size: number, memory: GetOptions['memory']): { readonly value: Uint8Array | undefined } | undefined {
    return this.readPace.attempt(() => {
      const bytes = memory?.(size)?.subarray(0, size) ?? uninitialized(size);
      return this.fileSystem.readNow(path, bytes) === size ? bytes : undefined;
    });
  }

  private async readWhole(descriptor: number, expected: number | undefined, memory: GetOptions['memory']): Promise<Uint8Array | undefined> {
    const size = expected ?? (await this.fileSystem.size(descriptor));
    if (size > MAX_BLOCK_SIZE) return undefined;
    const bytes = memory?.(size)?.subarray(0, size) ?? uninitialized(size);
    for (let offset = 0; offset < size;) {
      const read = await this.fileSystem.read(descriptor, bytes, offset);
      if (read <= 0) return undefined;
      offset += read;
    }
    return bytes;
  }

  private async unlink(file: string): Promise<void> {
    try {
      await this.fileSystem.unlink(file);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
    this.damaged.delete(file);
  }
}
