import { assertInstance, assertMethods, assertObject } from '../arguments.js';
import { equalBytes, utf8Encode } from '../bytes.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue } from '../codec/cbor-value.js';
import type { Hasher } from '../crypto/provider.js';
import { PyrgosError } from '../errors.js';
import { MAX_INODE_LIST_CHILDREN } from '../limits.js';
import type { BlockReadContext, BlockSink, BlockSource } from '../store/block-store.js';
import { Champ } from './champ/index.js';
import { InodeCap } from './inode.js';

/** What the public inode filesystem reads from and computes with. */
export interface InodeEnvironment {
  readonly hasher: Pick<Hasher, 'sha256'>;
  /** Where blocks are read; must give back what was written into `sink`. */
  readonly source: BlockSource;
  readonly sink: BlockSink;
  /** No BAT: public blocks carry none. */
  readonly context: Omit<BlockReadContext, 'bat'>;
}

/** Requires everything that an {@link InodeEnvironment} has; ArgumentError. */
export function checkInodeEnvironment(environment: InodeEnvironment): void {
  assertObject('environment', environment);
  assertMethods('environment.hasher', environment.hasher, 'sha256');
  assertMethods('environment.source', environment.source, 'getBlock');
  assertMethods('environment.sink', environment.sink, 'putCbor');
  assertObject('environment.context', environment.context);
}

/** An element of a directory as stored, and what it means; undefined means that it cannot be used. */
interface Item {
  readonly raw: CborValue;
  readonly entry: InodeCap | undefined;
}

/** The entry, or undefined when it is damaged or has a name that no path can reach: one bad entry must not spoil its siblings. */
function readEntry(raw: CborValue, name?: string): InodeCap | undefined {
  try {
    const entry = InodeCap.fromCbor(raw);
    if (entry.inode.name === '' || (name !== undefined && entry.inode.name !== name)) return undefined;
    return entry;
  } catch (error) {
    if (error instanceof PyrgosError) return undefined;
    throw error;
  }
}

function nameKey(name: string): Uint8Array {
  return utf8Encode(name, 'name');
}

/**
 * The children of one public directory (chapter 03 section 8.1), opened for editing: a list, or a CHAMP once a 33rd child is added.
 *
 * Entries that are damaged or have a bad name are quarantined: they are never returned and never in the way. A list keeps them as
 * they are; they are dropped when it turns into a CHAMP.
 */
export class DirectoryInode {
  private constructor(
    private readonly environment: InodeEnvironment,
    private items: readonly Item[],
    private champ: Champ | undefined,
  ) {}

  /** A directory without children. */
  static empty(environment: InodeEnvironment): DirectoryInode {
    checkInodeEnvironment(environment);
    return new DirectoryInode(environment, [], undefined);
  }

  /** Reads either form; FormatError `format.inode` or `format.champ`. */
  static fromCbor(environment: InodeEnvironment, value: CborValue, where = 'DirectoryInode'): DirectoryInode {
    checkInodeEnvironment(environment);
    if (Array.isArray(value)) {
      return new DirectoryInode(
        environment,
        [],
        Champ.fromCbor(value, environment.source, environment.context, inodeChampOptions(environment)),
      );
    }
    const list = CborFields.map('format.inode', where, value).list('c');
    return new DirectoryInode(
      environment,
      list.map((raw) => ({ raw, entry: readEntry(raw) })),
      undefined,
    );
  }

  /** The usable child of this name, or undefined. */
  async get(name: string): Promise<InodeCap | undefined> {
    if (this.champ === undefined) return this.items.find(({ entry }) => entry?.inode.name === name)?.entry;
    const raw = await this.champ.get(nameKey(name));
    return raw === undefined ? undefined : readEntry(raw, name);
  }

  /** All usable children, each name once; the order means nothing. */
  async *entries(): AsyncGenerator<InodeCap, void, undefined> {
    if (this.champ === undefined) {
      const names = new Set<string>();
      for (const { entry } of this.items) {
        if (entry === undefined || names.has(entry.inode.name)) continue;
        names.add(entry.inode.name);
        yield entry;
      }
      return;
    }
    for await (const { key, value } of this.champ.entries()) {
      const entry = readEntry(value);
      if (entry !== undefined && equalBytes(nameKey(entry.inode.name), key)) yield entry;
    }
  }

  /** Adds a child or replaces the one of the same name. */
  async put(entry: InodeCap): Promise<void> {
    assertInstance('entry', entry, InodeCap);
    const { name } = entry.inode;
    if (this.champ === undefined) {
      const others = this.items.filter((item) => item.entry?.inode.name !== name);
      if (others.length < MAX_INODE_LIST_CHILDREN) {
        this.items = [...others, { raw: entry.toCbor(), entry }];
        return;
      }
      const champ = Champ.empty(this.environment.source, this.environment.context, inodeChampOptions(this.environment));
      for (const other of others) if (other.entry !== undefined) await putInto(champ, other.entry);
      await putInto(champ, entry);
      this.champ = champ;
      this.items = [];
      return;
    }
    await putInto(this.champ, entry);
  }

  /** Removes a child; nothing happens when there is none of this name. */
  async remove(name: string): Promise<void> {
    this.items = this.items.filter((item) => item.entry?.inode.name !== name);
    const raw = await this.champ?.get(nameKey(name));
    if (raw !== undefined) await this.champ?.remove(nameKey(name), raw);
  }

  /** Whether nothing at all is left, quarantined entries included. */
  async isEmpty(): Promise<boolean> {
    if (this.champ === undefined) return this.items.length === 0;
    const { done } = await this.champ.entries().next();
    return done === true;
  }

  /** The value to store: `{"c": […]}` or the root node of the CHAMP, whose children go into the sink. */
  async toCbor(): Promise<CborValue> {
    if (this.champ !== undefined) return this.champ.toCbor(this.environment.sink);
    return cborMap([['c', this.items.map(({ raw }) => raw)]]);
  }
}

/** The path hash of both CHAMPs of this chapter is SHA-256 of the key. */
export function inodeChampOptions(environment: InodeEnvironment): { readonly hashKey: (key: Uint8Array) => Uint8Array } {
  checkInodeEnvironment(environment);
  const { hasher } = environment;
  return { hashKey: (key) => hasher.sha256(key) };
}

async function putInto(champ: Champ, entry: InodeCap): Promise<void> {
  const key = nameKey(entry.inode.name);
  await champ.put(key, await champ.get(key), entry.toCbor());
}
