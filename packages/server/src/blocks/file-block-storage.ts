import { dirname, join } from 'node:path';
import { equalBytes, toHex } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import type { Hasher, RandomSource } from '@pyrgos/core/crypto';
import { ArgumentError } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import {
  MAX_BLOCK_CACHE_ENTRY_SIZE,
  MAX_BLOCK_DELETIONS,
  MAX_DAMAGED_BLOCKS,
  MAX_KNOWN_BLOCK_FOLDERS,
  MAX_OPEN_BLOCK_READS,
  MAX_OPEN_BLOCK_WRITES,
} from '../limits.js';
import { assertPartitionName, type BlockPath, blockPath, cidOfFileName, isStorable } from './block-paths.js';
import type { BlockStorage, BlockToStore, GetOptions, StoredBlockFacts } from './block-storage.js';
import { BoundedMap } from './bounded-map.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';
import { FolderSyncs } from './folder-syncs.js';
import { ReadPace } from './read-pace.js';
import { Slots } from './slots.js';
import { damagedBlockError, storageError, systemCode } from './storage-error.js';

/** Where half-written files are. No user name has a dot, and it is on the same file system as the blocks, so that renames are atomic. */
const TEMPORARY = '.tmp';

/** What {@link FileBlockStorage.open} needs. */
export interface FileBlockStorageOptions {
  /** Folder of the blocks; made when missing, but not its parent. No other process uses it. */
  readonly root: string;
  readonly hasher: Hasher;
  readonly random: RandomSource;
  readonly fileSystem?: FileSystem;
}

/** Memory that is written in full or not returned, so it need not be cleared first. */
function uninitialized(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  // All must have ended before anybody hears of the first failure: nothing goes on in the background.
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}

/**
 * Blocks as files `<root>/<username>/<X>/<KEY>.data` (chapter 08 sections 4.1 to 4.3).
 *
 * A block is written to a temporary file, synced, and renamed, so a name leads to a whole block or to nothing. A put syncs each folder it
 * renamed into once, after all its renames; concurrent puts share these syncs, and the file system groups those of the files. A put
 * waits for the sync of a folder even when the block was there already: somebody may have renamed it a moment ago.
 *
 * Every read is verified: a client would find out anyway, but neither it nor we would know that this disk has begun to lie, and servers that
 * mirror us would copy it. The hash is computed here and not on another thread: a full block takes 0.7 ms, and giving it to Node's
 * pool takes as much of this thread, for the copy that it makes. What is found damaged is replaced when it is uploaded again.
 */
export class FileBlockStorage implements BlockStorage {
  private readonly root: string;
  private readonly hasher: Hasher;
  private readonly fileSystem: FileSystem;
  private readonly writes = new Slots(MAX_OPEN_BLOCK_WRITES);
  private readonly reads = new Slots(MAX_OPEN_BLOCK_READS);
  /** Few, so that garbage collection does not keep the disk from everybody else. */
  private readonly deletions = new Slots(MAX_BLOCK_DELETIONS);
  private readonly folderSyncs: FolderSyncs;
  /** Folders whose own names are durable. */
  private readonly knownFolders = new BoundedMap<true>(MAX_KNOWN_BLOCK_FOLDERS);
  private readonly damaged = new BoundedMap<true>(MAX_DAMAGED_BLOCKS);
  private readonly temporaryPrefix: string;
  private readonly pace = new ReadPace(() => performance.now());
  private nextTemporary = 0;

  private constructor({ root, hasher, random, fileSystem = nodeFileSystem }: FileBlockStorageOptions) {
    this.root = root;
    this.hasher = hasher;
    this.fileSystem = fileSystem;
    this.folderSyncs = new FolderSyncs(fileSystem);
    this.temporaryPrefix = join(root, TEMPORARY, toHex(random.randomBytes(8)));
  }

  /** Makes the folders that are missing and deletes what a crash left half-written. PyrgosError `storage`. */
  static async open(options: FileBlockStorageOptions): Promise<FileBlockStorage> {
    const storage = new FileBlockStorage(options);
    const { root, fileSystem } = storage;
    const temporary = join(root, TEMPORARY);
    try {
      await fileSystem.makeFolder(root);
      await fileSystem.makeFolder(temporary);
      await fileSystem.syncFolder(dirname(root));
      await fileSystem.syncFolder(root);
      for await (const { name, isFolder } of fileSystem.list(temporary)) if (!isFolder) await fileSystem.unlink(join(temporary, name));
    } catch (error) {
      throw storageError('opened', error);
    }
    return storage;
  }

  async putMany(username: string, blocks: readonly BlockToStore[]): Promise<void> {
    assertPartitionName(username);
    for (const { cid } of blocks) if (!isStorable(cid)) throw new ArgumentError('cid', 'must be sha2-256, raw or dag-cbor');
    const distinct = new Map(blocks.map((block) => [block.cid.key, block]));
    const places = [...distinct.values()].map(({ cid, bytes, isNew }) => ({ bytes, isNew, path: blockPath(this.root, username, cid) }));
    try {
      const unsynced = await this.makeFolders(places.map(({ path }) => path));
      await settleAll(places.map(({ path, bytes, isNew }) => this.putOne(path, bytes, isNew === true)));
      const folders = new Set([...places.map(({ path }) => path.folder), ...unsynced.parents]);
      await settleAll([...folders].map((folder) => this.folderSyncs.sync(folder)));
      for (const folder of unsynced.made) this.knownFolders.set(folder, true);
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

  private async *elements(folder: string): ReturnType<FileSystem['list']> {
    try {
      yield* this.fileSystem.list(folder);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw storageError('listed', error);
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
      await this.makeFolderIn(userFolder, folder);
      made.add(folder);
      parents.add(userFolder);
    }
    return { made, parents };
  }

  private async makeFolderIn(userFolder: string, folder: string): Promise<void> {
    try {
      await this.fileSystem.makeFolder(folder);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      // Somebody removed a folder that we had made.
      await this.fileSystem.makeFolder(userFolder);
      await this.fileSystem.makeFolder(folder);
    }
  }

  private async putOne(path: BlockPath, bytes: Uint8Array, isNew: boolean): Promise<void> {
    await this.writes.run(async () => {
      if (isNew || !(await this.isWhole(path.file, bytes.length))) await this.write(path, bytes);
    });
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

  private async write({ file, folder, userFolder }: BlockPath, bytes: Uint8Array): Promise<void> {
    const temporary = `${this.temporaryPrefix}-${this.nextTemporary++}`;
    try {
      await this.writeNew(temporary, bytes);
      try {
        await this.fileSystem.rename(temporary, file);
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error;
        // Somebody removed a folder that we knew to be there.
        await this.makeFolderIn(userFolder, folder);
        await this.fileSystem.syncFolder(this.root);
        await this.fileSystem.syncFolder(userFolder);
        await this.fileSystem.rename(temporary, file);
      }
    } catch (error) {
      // Whatever cannot be removed now is removed at the next start.
      await this.fileSystem.unlink(temporary).catch(() => undefined);
      throw error;
    }
    this.damaged.delete(file);
  }

  private async writeNew(path: string, bytes: Uint8Array): Promise<void> {
    const descriptor = await this.fileSystem.open(path, 'wx');
    try {
      for (let offset = 0; offset < bytes.length;) {
        const written = await this.fileSystem.write(descriptor, bytes, offset);
        if (written <= 0) throw new Error('nothing was written');
        offset += written;
      }
      await this.fileSystem.datasync(descriptor);
    } finally {
      await this.fileSystem.close(descriptor);
    }
  }

  /** The content of the file, or undefined when it cannot be a block: too large, or shorter than expected. */
  private async read(path: string, size: number | undefined, memory: GetOptions['memory']): Promise<Uint8Array | undefined> {
    const quick = size === undefined || size > MAX_BLOCK_CACHE_ENTRY_SIZE ? undefined : this.readQuickly(path, size);
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

  private readQuickly(path: string, size: number): { readonly value: Uint8Array | undefined } | undefined {
    return this.pace.attempt(() => {
      const bytes = uninitialized(size);
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
