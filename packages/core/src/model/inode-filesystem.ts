import { assertInstance } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { ArgumentError } from '../errors.js';
import type { AbsoluteCapability } from './absolute-capability.js';
import { Champ } from './champ/index.js';
import { checkInodeEnvironment, DirectoryInode, type InodeEnvironment, inodeChampOptions } from './directory-inode.js';
import { Inode, InodeCap, parseInodePath } from './inode.js';

/** What a lookup of a public path finds: the first published element on the way, and what is left to resolve inside of it. */
export interface PublishedEntry {
  readonly inode: Inode;
  readonly capability: AbsoluteCapability;
  /** The elements below the published one; empty when the path itself is published. */
  readonly remaining: readonly string[];
}

/** A directory on the way down, with its key in the inode CHAMP. */
interface Step {
  readonly key: Inode;
  readonly directory: DirectoryInode;
  /** The value in the CHAMP when it was loaded; undefined for a new directory. */
  readonly stored: CborValue | undefined;
}

/** One edit: the opened inode CHAMP and the counter as it will be. */
class Edit {
  constructor(
    private readonly environment: InodeEnvironment,
    readonly champ: Champ,
    public counter: number,
  ) {}

  async load(key: Inode): Promise<Step | undefined> {
    const stored = await this.champ.get(key.encode());
    return stored === undefined ? undefined : { key, directory: DirectoryInode.fromCbor(this.environment, stored), stored };
  }

  /** The directory under `key`, made now if there is none; each new key counts. */
  async loadOrCreate(key: Inode): Promise<Step> {
    const found = await this.load(key);
    if (found !== undefined) return found;
    const step = { key, directory: DirectoryInode.empty(this.environment), stored: undefined };
    this.counter++;
    // Stored at once, so that it exists even when only its parent is written below.
    const value = await step.directory.toCbor();
    await this.champ.put(key.encode(), undefined, value);
    return { ...step, stored: value };
  }

  async save({ key, directory, stored }: Step): Promise<void> {
    await this.champ.put(key.encode(), stored, await directory.toCbor());
  }
}

/**
 * The public inode filesystem of one user (chapter 03 section 8): paths to read-only capabilities for the whole world. An immutable
 * value: edits return a new one, and a failed edit changes nothing. New nodes go into the environment's sink.
 */
export class InodeFileSystem {
  private constructor(
    private readonly environment: InodeEnvironment,
    /** Number of directory keys ever created. */
    readonly counter: number,
    /** Root node of the inode CHAMP. */
    readonly champRoot: Cid,
  ) {}

  /** A filesystem without any published path. */
  static create(environment: InodeEnvironment): InodeFileSystem {
    checkInodeEnvironment(environment);
    const champ = Champ.empty(environment.source, environment.context, inodeChampOptions(environment));
    return new InodeFileSystem(environment, 0, champ.flush(environment.sink));
  }

  /** Reads the root block's map `{"c", "r"}`; nothing else is loaded yet. */
  static fromCbor(environment: InodeEnvironment, value: CborValue, where = 'InodeFileSystem'): InodeFileSystem {
    checkInodeEnvironment(environment);
    const fields = CborFields.map('format.inode', where, value);
    return new InodeFileSystem(environment, fields.integer('c', 0), fields.link('r'));
  }

  /** Opens the filesystem at `WriterData.public`. */
  static async open(environment: InodeEnvironment, root: Cid): Promise<InodeFileSystem> {
    checkInodeEnvironment(environment);
    assertInstance('root', root, Cid);
    return InodeFileSystem.fromCbor(environment, decodeCbor(await environment.source.getBlock(root, environment.context)));
  }

  /**
   * Publishes a capability under a path of at least two elements, the first being the user name; replaces what is published there.
   * ArgumentError for a bad path or a writable capability.
   */
  async addCap(path: string, capability: AbsoluteCapability): Promise<InodeFileSystem> {
    const elements = parseInodePath(path);
    const name = elements.pop();
    if (name === undefined || elements.length === 0) throw new ArgumentError('path', 'must have at least two elements');
    InodeCap.of(Inode.root, capability);
    const edit = this.edit();
    let step = await edit.loadOrCreate(Inode.root);
    for (const element of elements) {
      const child = await step.directory.get(element);
      if (child === undefined) {
        const inode = Inode.of(edit.counter, element);
        const created = await edit.loadOrCreate(inode);
        await step.directory.put(InodeCap.of(inode));
        await edit.save(step);
        step = created;
      } else {
        // A published leaf becomes a directory under its own inode, so that its parent need not change.
        step = await edit.loadOrCreate(child.inode);
      }
    }
    const inode = (await step.directory.get(name))?.inode ?? Inode.of(edit.counter, name);
    await step.directory.put(InodeCap.of(inode, capability));
    await edit.save(step);
    return this.finish(edit);
  }

  /**
   * Removes the entry at a path, with everything published below it, and the directories that become empty by it, up to one that is
   * published itself. Returns this very filesystem when there is no such entry.
   */
  async removeCap(path: string): Promise<InodeFileSystem> {
    const elements = parseInodePath(path);
    const edit = this.edit();
    const steps: Step[] = [];
    let key = Inode.root;
    for (const element of elements) {
      const step = await edit.load(key);
      const child = await step?.directory.get(element);
      if (step === undefined || child === undefined) return this;
      steps.push(step);
      key = child.inode;
    }
    for (let i = steps.length - 1; i >= 0; i--) {
      const [step, element] = [steps[i], elements[i]];
      if (step === undefined || element === undefined) break;
      const child = await step.directory.get(element);
      // Upstream prunes published directories too (section 8.4); that would un-publish what nobody asked for.
      if (i < steps.length - 1 && child?.capability !== undefined) break;
      await step.directory.remove(element);
      await edit.save(step);
      if (!(await step.directory.isEmpty())) break;
    }
    return steps.length === 0 ? this : this.finish(edit);
  }

  /** The first published element on the way down a path (section 8.5), or undefined. */
  async getByPath(path: string): Promise<PublishedEntry | undefined> {
    const elements = parseInodePath(path);
    const edit = this.edit();
    let key = Inode.root;
    for (const [i, element] of elements.entries()) {
      const child = await (await edit.load(key))?.directory.get(element);
      if (child === undefined) return undefined;
      if (child.capability !== undefined) {
        return { inode: child.inode, capability: child.capability, remaining: elements.slice(i + 1) };
      }
      key = child.inode;
    }
    return undefined;
  }

  /**
   * The children of a directory, reached by names only: published elements on the way do not stop the walk. Nothing for a missing
   * directory. The order means nothing.
   */
  async *listDirectory(path: string): AsyncGenerator<InodeCap, void, undefined> {
    const edit = this.edit();
    let step = await edit.load(Inode.root);
    for (const element of parseInodePath(path)) {
      const child = await step?.directory.get(element);
      if (child === undefined) return;
      step = await edit.load(child.inode);
    }
    if (step !== undefined) yield* step.directory.entries();
  }

  /** Writes the root block; its CID goes into `WriterData.public` of the identity. */
  save(): Cid {
    return this.environment.sink.putCbor(this.encode());
  }

  /** The root block's map `{"c", "r"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.counter],
      ['r', this.champRoot],
    ]);
  }

  /** The bytes of the root block. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** Value equality. */
  equals(other: InodeFileSystem | undefined): boolean {
    return other instanceof InodeFileSystem && this.counter === other.counter && this.champRoot.equals(other.champRoot);
  }

  private edit(): Edit {
    const { source, context } = this.environment;
    return new Edit(this.environment, Champ.open(this.champRoot, source, context, inodeChampOptions(this.environment)), this.counter);
  }

  private finish(edit: Edit): InodeFileSystem {
    return new InodeFileSystem(this.environment, edit.counter, edit.champ.flush(this.environment.sink));
  }
}
