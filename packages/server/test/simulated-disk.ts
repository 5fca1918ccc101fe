import type { FileSystem, FolderEntry, OpenFlags, QuickCalls } from '../src/blocks/file-system.js';
import { systemError } from './faulty-file-system.js';

interface File {
  kind: 'file';
  bytes: Uint8Array;
  /** The content that survives a power failure; undefined while nothing was synced. */
  durable: Uint8Array | undefined;
  modified: number;
}

interface Folder {
  kind: 'folder';
  readonly entries: Map<string, Node>;
  /** The names that survive for certain. */
  durable: Map<string, Node>;
}

type Node = File | Folder;

interface Descriptor {
  readonly file: File;
  /** Whether what is written is durable at once. */
  readonly syncs: boolean;
  position: number;
}

/** A source of choices. */
export interface Choices {
  nextInteger(bound: number): number;
}

function emptyFolder(): Folder {
  return { kind: 'folder', entries: new Map(), durable: new Map() };
}

/**
 * A disk in memory with the guarantees of POSIX and not one more: what was not synced may or may not survive a power failure, names apart
 * from contents, and contents in part. Every call passes `before`, which may wait, throw, or cut the power.
 */
export class SimulatedDisk implements FileSystem {
  /** Runs before each call. */
  before: (name: string) => void | Promise<void> = () => undefined;
  /** Whether it has {@link quick} calls. */
  isQuick = false;
  private readonly root: Folder;
  private readonly descriptors = new Map<number, Descriptor>();
  private nextDescriptor = 3;
  private dead = false;

  constructor(
    private readonly now: () => number = () => 0,
    root: Folder = emptyFolder(),
    /** Files whose content the system takes for durable, wrongly. */
    private readonly dropped: WeakSet<Node> = new WeakSet(),
  ) {
    this.root = root;
  }

  /** Cuts the power: every call from now on fails. The disk as the next start finds it. */
  crash(choices: Choices): SimulatedDisk {
    this.dead = true;
    return new SimulatedDisk(this.now, survivors(this.root, choices));
  }

  /** The calls that make everything else wait; `before` is called, but cannot make them wait. Absent unless it is set. */
  get quick(): QuickCalls | undefined {
    if (!this.isQuick) return undefined;
    const now = (name: string): void => {
      this.requirePower();
      void this.before(name);
      this.requirePower();
    };
    return {
      writeNew: (path, bytes) => {
        now('open');
        const descriptor = this.openNow(path, 'wx');
        now('write');
        const { file } = this.descriptor(descriptor);
        file.bytes = bytes.slice();
        this.descriptors.delete(descriptor);
      },
      rename: (from, to) => {
        now('rename');
        return this.renameNow(from, to);
      },
    };
  }

  /** Ends the process that uses it: every call from now on fails. The disk as the next process finds it: nothing is lost, nor synced. */
  kill(): SimulatedDisk {
    this.dead = true;
    return new SimulatedDisk(this.now, this.root, this.dropped);
  }

  async open(path: string, flags: OpenFlags): Promise<number> {
    await this.call('open');
    return this.openNow(path, flags);
  }

  private openNow(path: string, flags: OpenFlags): number {
    this.requirePower();
    const { parent, name } = this.locate(path);
    const existing = parent.entries.get(name);
    if (flags === 'r' && existing === undefined) throw systemError('ENOENT');
    if (flags !== 'r' && existing !== undefined) throw systemError('EEXIST');
    if (existing?.kind === 'folder') throw systemError('EISDIR');
    const file: File = existing ?? { kind: 'file', bytes: new Uint8Array(0), durable: undefined, modified: this.now() };
    parent.entries.set(name, file);
    const descriptor = this.nextDescriptor++;
    this.descriptors.set(descriptor, { file, position: 0, syncs: flags === 'wxs' });
    return descriptor;
  }

  readNow(path: string, target: Uint8Array): number {
    this.requirePower();
    const { parent, name } = this.locate(path);
    const node = parent.entries.get(name);
    if (node === undefined) throw systemError('ENOENT');
    if (node.kind === 'folder') throw systemError('EISDIR');
    const part = node.bytes.subarray(0, target.length);
    target.set(part);
    return part.length;
  }

  async size(descriptor: number): Promise<number> {
    await this.call('size');
    this.requirePower();
    return this.descriptor(descriptor).file.bytes.length;
  }

  async read(descriptor: number, target: Uint8Array, offset: number): Promise<number> {
    await this.call('read');
    this.requirePower();
    const open = this.descriptor(descriptor);
    const part = open.file.bytes.subarray(open.position, open.position + target.length - offset);
    target.set(part, offset);
    open.position += part.length;
    return part.length;
  }

  async write(descriptor: number, bytes: Uint8Array, offset: number): Promise<number> {
    await this.call('write');
    this.requirePower();
    const open = this.descriptor(descriptor);
    const grown = new Uint8Array(open.file.bytes.length + bytes.length - offset);
    grown.set(open.file.bytes);
    grown.set(bytes.subarray(offset), open.file.bytes.length);
    open.file.bytes = grown;
    open.file.modified = this.now();
    if (open.syncs) {
      // The power may fail when the content is there and not durable yet.
      await this.call('sync of write');
      this.requirePower();
      open.file.durable = open.file.bytes;
    }
    return bytes.length - offset;
  }

  async datasync(descriptor: number): Promise<void> {
    await this.call('datasync');
    this.requirePower();
    const { file } = this.descriptor(descriptor);
    file.durable = file.bytes;
  }

  /** After a failure the system takes the content for written: the next sync reports success and does nothing. */
  async syncFile(path: string): Promise<void> {
    try {
      await this.call('syncFile');
    } catch (error) {
      this.requirePower();
      const { parent, name } = this.locate(path);
      const node = parent.entries.get(name);
      if (node !== undefined) this.dropped.add(node);
      throw error;
    }
    this.requirePower();
    const { parent, name } = this.locate(path);
    const node = parent.entries.get(name);
    if (node === undefined) throw systemError('ENOENT');
    if (node.kind === 'folder') throw systemError('EISDIR');
    if (!this.dropped.has(node)) node.durable = node.bytes;
  }

  async close(descriptor: number): Promise<void> {
    await this.call('close');
    this.requirePower();
    this.descriptors.delete(descriptor);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.call('rename');
    if (!this.renameNow(from, to)) throw systemError('ENOENT');
  }

  private renameNow(from: string, to: string): boolean {
    this.requirePower();
    const [source, target] = [this.locate(from), this.locate(to)];
    const node = source.parent.entries.get(source.name);
    if (node === undefined) return false;
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, node);
    return true;
  }

  async unlink(path: string): Promise<void> {
    await this.call('unlink');
    this.requirePower();
    const { parent, name } = this.locate(path);
    if (!parent.entries.delete(name)) throw systemError('ENOENT');
  }

  async makeFolder(path: string): Promise<void> {
    await this.call('makeFolder');
    this.requirePower();
    const { parent, name } = this.locate(path);
    if (!parent.entries.has(name)) parent.entries.set(name, emptyFolder());
  }

  async syncFolder(path: string): Promise<void> {
    await this.call('syncFolder');
    this.requirePower();
    const folder = this.folder(path.split('/').filter((element) => element !== ''));
    folder.durable = new Map(folder.entries);
  }

  async stat(path: string): ReturnType<FileSystem['stat']> {
    await this.call('stat');
    this.requirePower();
    const { parent, name } = this.locate(path);
    const node = parent.entries.get(name);
    if (node === undefined) throw systemError('ENOENT');
    if (node.kind === 'folder') return { size: 0, modified: 0, isFile: false };
    return { size: node.bytes.length, modified: node.modified, isFile: true };
  }

  async *list(path: string): AsyncIterable<FolderEntry> {
    await this.call('list');
    this.requirePower();
    const folder = this.folder(path.split('/').filter((element) => element !== ''));
    for (const [name, node] of Array.from(folder.entries)) {
      await this.call('list');
      this.requirePower();
      yield { name, isFolder: node.kind === 'folder', isFile: node.kind === 'file' };
    }
  }

  private async call(name: string): Promise<void> {
    this.requirePower();
    await this.before(name);
  }

  /** Called once more in the same step as the effect: the power may have failed since the call was let through. */
  private requirePower(): void {
    if (this.dead) throw systemError('EIO');
  }

  private descriptor(descriptor: number): Descriptor {
    const open = this.descriptors.get(descriptor);
    if (open === undefined) throw systemError('EBADF');
    return open;
  }

  private locate(path: string): { readonly parent: Folder; readonly name: string } {
    const elements = path.split('/').filter((element) => element !== '');
    const name = elements.pop();
    if (name === undefined) throw systemError('EISDIR');
    return { parent: this.folder(elements), name };
  }

  private folder(elements: readonly string[]): Folder {
    let folder = this.root;
    for (const element of elements) {
      const next = folder.entries.get(element);
      if (next === undefined) throw systemError('ENOENT');
      if (next.kind !== 'folder') throw systemError('ENOTDIR');
      folder = next;
    }
    return folder;
  }
}

/** What a power failure leaves: each change of a name that was not synced happened or did not. */
function survivors(folder: Folder, choices: Choices): Folder {
  const left = emptyFolder();
  const names = new Set([...folder.durable.keys(), ...folder.entries.keys()]);
  for (const name of names) {
    const [before, after] = [folder.durable.get(name), folder.entries.get(name)];
    const node = before === after || choices.nextInteger(2) === 0 ? before : after;
    if (node === undefined) continue;
    const survivor = node.kind === 'folder' ? survivors(node, choices) : survivingFile(node, choices);
    left.entries.set(name, survivor);
    left.durable.set(name, survivor);
  }
  return left;
}

/** Bytes that a disk writes together: when it fails while it does, all of them may be lost. */
const PAGE = 4096;

/** Unsynced content survives up to some byte; behind it there are zeros or nothing. So may be what shares a page with it. */
function survivingFile(file: File, choices: Choices): File {
  if (file.durable === file.bytes) return { ...file };
  const kept = Math.floor((file.durable?.length ?? 0) / PAGE) * PAGE;
  const bytes = new Uint8Array(kept + choices.nextInteger(file.bytes.length - kept + 1));
  bytes.set(file.bytes.subarray(0, kept + choices.nextInteger(bytes.length - kept + 1)));
  return { kind: 'file', bytes, durable: bytes, modified: file.modified };
}
