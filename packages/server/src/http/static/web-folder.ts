import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { MAX_STATIC_FILE_SIZE, STATIC_CACHE_SIZE } from '../../limits.js';
import { type Asset, type AssetSource, makeAsset } from './asset.js';

interface Cached {
  /** Of the file that was compressed: another size or time means that it was replaced. */
  readonly version: string;
  readonly asset: Promise<Asset>;
  bytes: number;
}

/** A path that stays below its folder: no empty, hidden, `.` or `..` element, and none of the characters that systems treat apart. */
function isPlain(path: string): boolean {
  return path.length <= 1024 && !/[\p{Cc}\\:]/u.test(path) && path.split('/').every((name) => name !== '' && !name.startsWith('.'));
}

/**
 * A web app in a folder. Files are compressed once and kept in memory, the least recently used ones are dropped; a changed file is read
 * again. Nothing outside the folder is ever served, also not through a symbolic link: the real path is compared.
 */
export class WebFolder implements AssetSource {
  private root: string | undefined;
  private readonly cache = new Map<string, Cached>();
  private cachedBytes = 0;

  constructor(private readonly folder: string) {}

  /** See {@link AssetSource.find}: undefined for what is missing, no regular file, outside the folder or too large. */
  async find(path: string): Promise<Asset | undefined> {
    if (!isPlain(path)) return undefined;
    let file: FileHandle | undefined;
    try {
      this.root ??= await realpath(this.folder);
      const { root } = this;
      const real = await realpath(join(root, path));
      if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
      // Non-blocking, so that a pipe in the folder cannot hang us.
      file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
      const found = await file.stat();
      if (!found.isFile() || found.size > MAX_STATIC_FILE_SIZE) return undefined;
      const version = `${found.ino} ${found.size} ${found.mtimeMs}`;
      const cached = this.cache.get(real);
      if (cached?.version === version) {
        this.touch(real, cached);
        return await cached.asset;
      }
      return await this.add(real, version, await file.readFile());
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    } finally {
      await file?.close();
    }
  }

  private async add(real: string, version: string, bytes: Uint8Array): Promise<Asset> {
    const entry: Cached = { version, asset: makeAsset(real, bytes), bytes: 0 };
    this.remove(real);
    this.cache.set(real, entry);
    try {
      const asset = await entry.asset;
      if (this.cache.get(real) === entry) {
        entry.bytes = asset.body.length;
        this.cachedBytes += entry.bytes;
        for (const oldest of this.cache.keys()) {
          if (this.cachedBytes <= STATIC_CACHE_SIZE || oldest === real) break;
          this.remove(oldest);
        }
      }
      return asset;
    } catch (error) {
      this.remove(real);
      throw error;
    }
  }

  private touch(real: string, entry: Cached): void {
    this.cache.delete(real);
    this.cache.set(real, entry);
  }

  private remove(real: string): void {
    this.cachedBytes -= this.cache.get(real)?.bytes ?? 0;
    this.cache.delete(real);
  }
}

/** How the system says that there is nothing to serve: ENXIO is a socket. */
const missing: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']);

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && missing.has(code);
}
