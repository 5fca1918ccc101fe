import { type FileSystem, type FolderEntry, nodeFileSystem, type OpenFlags, type QuickCalls } from '../src/blocks/file-system.js';

/** A call of the file system as a test sees it. */
export interface FileSystemCall {
  readonly name: Exclude<keyof FileSystem, 'quick'> | 'quickWrite' | 'quickRename';
  /** The path, where the call has one; for `rename` where to. */
  readonly path?: string;
  readonly flags?: OpenFlags;
}

/** An error of the operating system. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** The real file system behind a hook that runs before each call and may wait or throw. */
export class FaultyFileSystem implements FileSystem {
  readonly calls: FileSystemCall[] = [];
  /** Descriptors that are open now, and the most that ever were. */
  openNow = 0;
  mostOpen = 0;
  /** Runs before each call. */
  before: (call: FileSystemCall) => void | Promise<void> = () => undefined;
  /** Bytes that one write takes at most. */
  writeLimit: number = Number.MAX_SAFE_INTEGER;

  /** Set it to give the calls that cannot wait; `before` may throw then. */
  isQuick = false;

  get quick(): QuickCalls | undefined {
    if (!this.isQuick) return undefined;
    const now = (call: FileSystemCall): void => {
      this.calls.push(call);
      void this.before(call);
    };
    return {
      writeNew: (path, bytes) => {
        now({ name: 'quickWrite', path });
        nodeFileSystem.quick?.writeNew(path, bytes);
      },
      rename: (from, to) => {
        now({ name: 'quickRename', path: to });
        return nodeFileSystem.quick?.rename(from, to) === true;
      },
    };
  }

  async open(path: string, flags: OpenFlags): Promise<number> {
    await this.call({ name: 'open', path, flags });
    const descriptor = await nodeFileSystem.open(path, flags);
    this.openNow++;
    this.mostOpen = Math.max(this.mostOpen, this.openNow);
    return descriptor;
  }

  /** A hook that waits is for the other calls. */
  readNow(path: string, target: Uint8Array): number {
    const call: FileSystemCall = { name: 'readNow', path };
    this.calls.push(call);
    void this.before(call);
    return nodeFileSystem.readNow(path, target);
  }

  async size(descriptor: number): Promise<number> {
    await this.call({ name: 'size' });
    return nodeFileSystem.size(descriptor);
  }

  async read(descriptor: number, target: Uint8Array, offset: number): Promise<number> {
    await this.call({ name: 'read' });
    return nodeFileSystem.read(descriptor, target, offset);
  }

  async write(descriptor: number, bytes: Uint8Array, offset: number): Promise<number> {
    await this.call({ name: 'write' });
    return nodeFileSystem.write(descriptor, bytes.subarray(0, offset + Math.min(bytes.length - offset, this.writeLimit)), offset);
  }

  async datasync(descriptor: number): Promise<void> {
    await this.call({ name: 'datasync' });
    await nodeFileSystem.datasync(descriptor);
  }

  async syncFile(path: string): Promise<void> {
    await this.call({ name: 'syncFile', path });
    await nodeFileSystem.syncFile(path);
  }

  async close(descriptor: number): Promise<void> {
    // The descriptor is freed even when close reports an error, as Linux does.
    await nodeFileSystem.close(descriptor);
    this.openNow--;
    await this.call({ name: 'close' });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.call({ name: 'rename', path: to });
    await nodeFileSystem.rename(from, to);
  }

  async unlink(path: string): Promise<void> {
    await this.call({ name: 'unlink', path });
    await nodeFileSystem.unlink(path);
  }

  async makeFolder(path: string): Promise<void> {
    await this.call({ name: 'makeFolder', path });
    await nodeFileSystem.makeFolder(path);
  }

  async syncFolder(path: string): Promise<void> {
    await this.call({ name: 'syncFolder', path });
    await nodeFileSystem.syncFolder(path);
  }

  async stat(path: string): ReturnType<FileSystem['stat']> {
    await this.call({ name: 'stat', path });
    return nodeFileSystem.stat(path);
  }

  async *list(path: string): AsyncIterable<FolderEntry> {
    await this.call({ name: 'list', path });
    yield* nodeFileSystem.list(path);
  }

  private async call(call: FileSystemCall): Promise<void> {
    this.calls.push(call);
    await this.before(call);
  }
}
