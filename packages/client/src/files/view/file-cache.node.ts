import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assertMethods, assertObject } from '@pyrgos/core/arguments';
import { assertInteger, concatBytes, equalBytes, toHex } from '@pyrgos/core/bytes';
import { type Cid, CidCodec, MultihashCode } from '@pyrgos/core/codec';
import { ArgumentError } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE, MAX_SIGNED_POINTER_SIZE } from '@pyrgos/core/limits';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type Clock, systemClock } from '../../commit/clock.js';
import { markVerified } from '../../commit/verified-bytes.js';
import {
  collectTemporaryFiles,
  isPrivateFile,
  openPrivateFolder,
  type PrivateFolder,
  readPrivateFile,
  replacePrivateFile,
} from '../../disk/private-folder.node.js';
import type { BlockCache } from './block-cache.js';
import type { PointerCache } from './pointer-cache.js';

/** How a {@link FileCache} is opened. */
export interface FileCacheOptions {
  /** Bytes of blocks on the disk, at most; default 1 GiB. */
  readonly capacity?: number | undefined;
  /** Larger blocks are not kept; default: all are. */
  readonly maxBlockSize?: number | undefined;
  /** Tells how old is what other programs have left; default the machine's clock. */
  readonly clock?: Clock | undefined;
}

const DEFAULT_CAPACITY = 1_073_741_824;
/** What a small file takes on a disk. */
const DISK_UNIT = 4096;

/**
 * Verified blocks and pointers in files, for reading without a server (Node only). Blocks live in two generations, each of half the
 * capacity: when the young one is full it becomes the old one, and the old one is deleted; a block that is read moves to the young one. So
 * what is used stays, and no index is needed. Several processes may share a directory.
 *
 * Nothing in it is trusted: a block with another hash is deleted and counts as absent. Files are readable by their owner only.
 */
export class FileCache implements BlockCache, PointerCache {
  private readonly maxBlockSize: number;
  private readonly capacity: number;
  /** Bytes in the young generation, counted once and then kept up to date. */
  private young: Promise<number> | undefined;
  private turn: Promise<void> = Promise.resolve();

  private constructor(
    private readonly folder: PrivateFolder,
    options: FileCacheOptions,
  ) {
    const { capacity, maxBlockSize } = checkedSizes(options);
    this.capacity = capacity;
    this.maxBlockSize = maxBlockSize;
  }

  /**
   * Uses `directory`, which belongs to caches alone, and creates it for the user only. PyrgosError `storage` when that fails, and when other
   * users own it, or may change it or what is on the way to it (`data.reason` `foreign-owner`, `writable-by-others`); what fails later is forgotten. Give the cache to
   * `connect` as `blockCache`.
   */
  static async open(directory: string, options: FileCacheOptions = {}): Promise<FileCache> {
    if (typeof directory !== 'string' || directory === '') throw new ArgumentError('directory', 'must be a path');
    assertObject('options', options);
    const { clock = systemClock } = options;
    assertMethods('clock', clock, 'now');
    checkedSizes(options);
    const cache = new FileCache(await openPrivateFolder('The cache', directory), options);
    await collectTemporaryFiles(cache.scratch, clock);
    return cache;
  }

  accepts(size: number): boolean {
    return size <= this.maxBlockSize && diskSize(size) <= this.capacity / 2;
  }

  async has(cid: Cid): Promise<boolean> {
    const name = nameOf(cid);
    if (name === undefined) return false;
    return (await isPrivateFile(this.path('young', name))) || isPrivateFile(this.path('old', name));
  }

  async get(cid: Cid): Promise<Uint8Array | undefined> {
    const name = nameOf(cid);
    if (name === undefined) return undefined;
    const young = await this.read(this.path('young', name), cid);
    if (young !== undefined) return young;
    const old = await this.read(this.path('old', name), cid);
    if (old !== undefined) await this.put(cid, old);
    return old;
  }

  async put(cid: Cid, bytes: Uint8Array): Promise<void> {
    const name = nameOf(cid);
    if (name === undefined || !this.accepts(bytes.length)) return;
    // One at a time: the count must not be read while somebody else changes generations.
    this.turn = this.turn.then(async () => this.store(name, bytes)).catch(() => undefined);
    await this.turn;
  }

  async getPointer(owner: PublicKeyHash, writer: PublicKeyHash): Promise<Uint8Array | undefined> {
    return attempt(() => readPrivateFile(this.pointerPath(owner, writer), MAX_SIGNED_POINTER_SIZE));
  }

  async putPointer(owner: PublicKeyHash, writer: PublicKeyHash, signed: Uint8Array): Promise<void> {
    await attempt(() => this.write(this.pointerPath(owner, writer), signed));
  }

  private async store(name: string, bytes: Uint8Array): Promise<void> {
    await this.folder.check();
    const path = this.path('young', name);
    if (await isPrivateFile(path)) return;
    this.young ??= sizeOf(join(this.folder.path, 'young'));
    let size = (await this.young) + diskSize(bytes.length);
    if (size > this.capacity / 2) {
      await rm(join(this.folder.path, 'old'), { recursive: true, force: true });
      await attempt(() => rename(join(this.folder.path, 'young'), join(this.folder.path, 'old')));
      size = diskSize(bytes.length);
    }
    this.young = Promise.resolve(size);
    await this.write(path, bytes);
  }

  /** Under another name first: nobody reads half a block, also after a crash. */
  private async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.folder.check();
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    await mkdir(this.scratch, { recursive: true, mode: 0o700 });
    await replacePrivateFile(path, this.scratch, bytes, false);
  }

  private async read(path: string, cid: Cid): Promise<Uint8Array | undefined> {
    const bytes = await attempt(() => readPrivateFile(path, MAX_BLOCK_SIZE));
    if (bytes === undefined) return undefined;
    if (equalBytes(sha256(bytes), cid.multihash.digest)) {
      markVerified(cid, bytes);
      return bytes;
    }
    await attempt(() => rm(path, { force: true }));
    return undefined;
  }

  /** Where files are written before they get their names. */
  private get scratch(): string {
    return join(this.folder.path, 'unfinished');
  }

  private path(generation: 'young' | 'old', name: string): string {
    return join(this.folder.path, generation, name.slice(0, 2), name);
  }

  private pointerPath(owner: PublicKeyHash, writer: PublicKeyHash): string {
    return join(this.folder.path, 'pointers', toHex(sha256(concatBytes(owner.cid.bytes, writer.cid.bytes))));
  }
}

function checkedSizes({ capacity = DEFAULT_CAPACITY, maxBlockSize = MAX_BLOCK_SIZE }: FileCacheOptions): {
  readonly capacity: number;
  readonly maxBlockSize: number;
} {
  assertInteger('capacity', capacity, 0, Number.MAX_SAFE_INTEGER);
  assertInteger('maxBlockSize', maxBlockSize, 0, MAX_BLOCK_SIZE);
  return { capacity, maxBlockSize };
}

/** The name of a block's file, without letters of two cases; undefined for what has no SHA-256 hash. */
function nameOf(cid: Cid): string | undefined {
  const { code, digest } = cid.multihash;
  if (code !== MultihashCode.sha2_256) return undefined;
  return `${toHex(digest)}${cid.codec === CidCodec.raw ? 'r' : 'c'}`;
}

function diskSize(bytes: number): number {
  return Math.ceil(bytes / DISK_UNIT) * DISK_UNIT;
}

/** What an operation on files gives; undefined when it fails: a cache may forget anything. */
async function attempt<T>(operation: () => Promise<T>): Promise<T | undefined> {
  try {
    return await operation();
  } catch {
    return undefined;
  }
}

/** Bytes of all files in the shards of a generation. */
async function sizeOf(generation: string): Promise<number> {
  let size = 0;
  for (const shard of (await attempt(() => readdir(generation))) ?? []) {
    const files = (await attempt(() => readdir(join(generation, shard)))) ?? [];
    const sizes = await Promise.all(files.map(async (file) => (await attempt(() => stat(join(generation, shard, file))))?.size ?? 0));
    size += sizes.reduce((sum, bytes) => sum + diskSize(bytes), 0);
  }
  return size;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
