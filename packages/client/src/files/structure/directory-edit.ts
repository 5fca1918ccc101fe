import { assertInteger, equalBytes } from '@pyrgos/core/bytes';
import { type CborValue, encodeCbor } from '@pyrgos/core/codec';
import { ArgumentError, ConflictError, type PyrgosError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import { MAX_CHILDREN_PER_CHUNK } from '@pyrgos/core/limits';
import {
  type AbsoluteCapability,
  assertLegalName,
  ChildEntry,
  ChunkLocation,
  FileProperties,
  NamedRelativeCapability,
  RelativeCapability,
  sealDirectoryChunk,
  type Timestamp,
  withChildren,
} from '@pyrgos/core/model';
import {
  type ChunkPosition,
  DanglingEntry,
  type DirectoryChunk,
  directoryChunks,
  type Item,
  openEntries,
  type OperationView,
} from '../view/index.js';
import type { ChunkChanges } from './chunk-changes.js';
import { placeOf } from './listed-children.js';
import { type Place, placeKey } from './place.js';
import { withNode } from './refresh.js';

/** A child as its directory is to list it (chapter 04 section 3.4). */
export interface NewEntry {
  /** Legal, and not in use in the directory. */
  readonly name: string;
  /** Of the child, or of its link node. With its write key, so that whoever may write in the directory may write the child. */
  readonly capability: AbsoluteCapability;
  readonly isDirectory: boolean;
  /** Empty for directories. */
  readonly mimeType: string;
  readonly created: Timestamp;
}

/** What {@link DirectoryEdit.relist} changes of an element. */
export type RelistedFacts = Partial<Pick<NewEntry, 'name' | 'mimeType'>>;

/** How a directory's list is written. */
export interface EntryOptions {
  /** Most children in one chunk, up to and by default MAX_CHILDREN_PER_CHUNK. Tests lower it. */
  readonly maxPerChunk?: number | undefined;
  /**
   * The chunk at which the edit begins; default the first one. For whoever knows that none of the names to add is in the chunks before it, and
   * that nothing there is to change.
   */
  readonly from?: ChunkPosition | undefined;
  /** Whether the lists that are read stay in the cache; default true. What bulk uploads read they write right away. */
  readonly isKept?: boolean | undefined;
}

/** A chunk that may take some of the new entries. */
interface OpenChunk {
  readonly chunk: DirectoryChunk;
  readonly entries: ChildEntry[];
  readonly room: number;
  isChanged: boolean;
}

/** The checked {@link EntryOptions.maxPerChunk}; ArgumentError. */
export function maxPerChunkOf({ maxPerChunk = MAX_CHILDREN_PER_CHUNK }: EntryOptions): number {
  assertInteger('maxPerChunk', maxPerChunk, 1, MAX_CHILDREN_PER_CHUNK);
  return maxPerChunk;
}

/** Chunks with some room, but not enough for all new entries, that are filled up at most. */
const MAX_GAPS = 8;

/** The list element of a child; its own name for it, or another. ArgumentError when the child has the write key of the directory. */
export function entryOf(operation: OperationView, directory: AbsoluteCapability, entry: NewEntry): ChildEntry {
  const { name, capability, isDirectory, mimeType, created } = entry;
  if (capability.wBaseKey?.equals(directory.wBaseKey) === true) {
    // The link would silently be a read-only one (chapter 04 section 2 rule 3).
    throw new ArgumentError('capability', 'must have another write key than the directory');
  }
  const link = RelativeCapability.relativise(operation.crypto, directory, capability);
  return ChildEntry.of(NamedRelativeCapability.of(link, { name, isDirectory, mimeType, created }));
}

/**
 * Changes of the list of one directory, made in one pass over its chunks (chapter 04 sections 9.3 and 9.4). Unchanged elements are kept as
 * they are, byte for byte, malformed ones included. New ones go into the first chunk with room for all, else into gaps and new chunks.
 *
 * Note what is to change, then {@link DirectoryEdit.apply} it to `changes`, then commit these.
 */
export class DirectoryEdit {
  private readonly added: ChildEntry[] = [];
  private readonly removed = new Set<string>();
  private readonly replaced = new Map<string, (old: ChildEntry) => ChildEntry>();
  private readonly malformed: Uint8Array[] = [];
  private readonly newNames = new Set<string>();
  private readonly maxPerChunk: number;
  private readonly from: ChunkPosition | undefined;
  private readonly isKept: boolean | undefined;
  private readonly signer: Signer;
  private current: Item;
  private newest: ChunkPosition | undefined;

  /** `directory` as it is in the view of the operation; DeniedError `denied.file` when it cannot be written. */
  constructor(
    private readonly operation: OperationView,
    private readonly changes: ChunkChanges,
    directory: Item,
    options: EntryOptions = {},
  ) {
    this.signer = directory.requireDirectory().requireSigner();
    this.current = directory;
    this.maxPerChunk = maxPerChunkOf(options);
    this.from = options.from;
    this.isKept = options.isKept;
  }

  /** The directory; after {@link apply} with its new list. */
  get directory(): Item {
    return this.current;
  }

  /** Whether {@link apply} is going to list something new. */
  get hasAdditions(): boolean {
    return this.added.length > 0;
  }

  /** After {@link apply} the chunk that holds the last of the new elements; undefined when there are none. */
  get end(): ChunkPosition | undefined {
    return this.newest;
  }

  /** Lists one more child; returns the element that will list it. */
  add(entry: NewEntry): ChildEntry {
    this.claim(entry.name);
    const element = entryOf(this.operation, this.current.capability, entry);
    this.added.push(element);
    return element;
  }

  /** Takes the child at a place out of the list; nothing happens when it is not listed. */
  remove(place: Place): void {
    this.removed.add(placeKey(place));
  }

  /** Takes an element out that cannot be read and names no place. */
  removeMalformed(element: CborValue): void {
    this.malformed.push(encodeCbor(element));
  }

  /** Lists the child at a place with other facts: another name, or another type. Elements of legacy lists have none and stay. */
  relist(place: Place, facts: RelistedFacts): void {
    if (facts.name !== undefined) this.claim(facts.name);
    this.replaced.set(placeKey(place), (old) => (old.link instanceof NamedRelativeCapability ? relisted(old.link, facts) : old));
  }

  /** Lists another child, with the same name, instead of the one at a place. */
  replace(place: Place, entry: NewEntry): ChildEntry {
    const element = entryOf(this.operation, this.current.capability, entry);
    this.replaced.set(placeKey(place), () => element);
    return element;
  }

  /**
   * Writes the changed chunks into the changes; nothing is committed. Resolves to the number of elements to remove or replace that were
   * not found. ConflictError `conflict.exists` when a new name is in use, and what is wrong with a damaged chunk, which may hide one.
   */
  async apply(): Promise<number> {
    const claimsNames = this.newNames.size > 0;
    const gaps: OpenChunk[] = [];
    let best: OpenChunk | undefined;
    let last: DirectoryChunk | undefined;
    const damages: PyrgosError[] = [];
    const reading = { from: this.from, isKept: this.isKept, onDamage: (error: PyrgosError) => void damages.push(error) };
    for await (const chunk of directoryChunks(this.operation, this.current, reading)) {
      const open = await this.edit(chunk);
      last = chunk;
      // Whoever claims the same name meanwhile may do so in another chunk.
      if (claimsNames) this.changes.rely(this.signer, chunk.capability.mapKey, chunk.cid);
      if (this.added.length > 0 && best === undefined && open.room >= this.added.length) {
        best = open;
        for (const gap of gaps.splice(0)) this.write(gap);
      } else if (this.added.length > 0 && best === undefined && open.room > 0 && gaps.length < MAX_GAPS) {
        gaps.push(open);
      } else {
        this.write(open);
      }
      if (this.isDone) break;
    }
    if (claimsNames && damages[0] !== undefined) throw damages[0];
    if (claimsNames && last !== undefined) this.changes.rely(this.signer, last.next.mapKey, undefined);
    let rest = this.added.splice(0);
    for (const open of best === undefined ? gaps : [best]) {
      const taken = rest.slice(0, open.room);
      rest = rest.slice(open.room);
      open.entries.push(...taken);
      open.isChanged ||= taken.length > 0;
      if (taken.length > 0) this.newest = { index: open.chunk.index, location: open.chunk.capability.location };
      this.write(open);
    }
    if (rest.length > 0 && last !== undefined) this.writeNewChunks({ index: last.index + 1, location: last.next }, rest);
    return this.removed.size + this.replaced.size + this.malformed.length;
  }

  private claim(name: string): void {
    assertLegalName(name);
    if (this.newNames.has(name)) throw nameInUse();
    this.newNames.add(name);
  }

  /** Whether nothing further down the chain can matter. */
  private get isDone(): boolean {
    return this.newNames.size === 0 && this.removed.size === 0 && this.replaced.size === 0 && this.malformed.length === 0;
  }

  private async edit(chunk: DirectoryChunk): Promise<OpenChunk> {
    const entries: ChildEntry[] = [];
    const kept: ChildEntry[] = [];
    let isChanged = false;
    let isNameless = false;
    for (const listed of chunk.entries) {
      isNameless ||= listed.link !== undefined && listed.name === undefined;
      const key = listed.link === undefined ? undefined : placeKey(placeOf(chunk.capability, listed));
      const replace = key === undefined ? undefined : this.replaced.get(key);
      if (key === undefined ? this.takeMalformed(listed.cbor) : this.removed.delete(key)) {
        isChanged = true;
      } else if (key !== undefined && replace !== undefined) {
        this.replaced.delete(key);
        isChanged = true;
        entries.push(listed.name === undefined ? withoutName(replace(listed)) : replace(listed));
      } else {
        kept.push(listed);
        entries.push(listed);
      }
    }
    await this.refuseUsedNames(kept);
    return { chunk, entries, isChanged, room: isNameless ? 0 : Math.max(0, this.maxPerChunk - entries.length) };
  }

  private takeMalformed(element: CborValue): boolean {
    if (this.malformed.length === 0) return false;
    const bytes = encodeCbor(element);
    const index = this.malformed.findIndex((other) => equalBytes(other, bytes));
    if (index >= 0) this.malformed.splice(index, 1);
    return index >= 0;
  }

  private async refuseUsedNames(entries: readonly ChildEntry[]): Promise<void> {
    if (this.newNames.size === 0) return;
    if (entries.some(({ name }) => name !== undefined && this.newNames.has(name))) throw nameInUse();
    // Legacy elements have no names; their targets know.
    const nameless = entries.filter(({ link, name }) => link !== undefined && name === undefined);
    if (nameless.length === 0) return;
    const children = await openEntries(this.operation, this.current, nameless);
    if (children.some((child) => !(child instanceof DanglingEntry) && this.newNames.has(child.name))) throw nameInUse();
  }

  private write({ chunk, entries, isChanged }: OpenChunk): void {
    if (!isChanged) return;
    const sealed = withChildren(this.operation.crypto, chunk.node, chunk.opened, entries);
    const cid = this.changes.put(this.signer, chunk.capability.mapKey, chunk.cid, sealed);
    if (chunk.index === 0) this.current = withNode(this.operation, this.current, cid, sealed.node);
  }

  /** Chains new chunks to the last one. */
  private writeNewChunks(first: ChunkPosition, entries: readonly ChildEntry[]): void {
    const { crypto } = this.operation;
    const { capability, node, opened } = this.current;
    let { index, location } = first;
    for (let start = 0; start < entries.length; start += this.maxPerChunk) {
      const next = ChunkLocation.generate(crypto);
      const sealed = sealDirectoryChunk(crypto, {
        rBaseKey: capability.rBaseKey,
        parentKey: opened.parentKey,
        properties: FileProperties.SUBSEQUENT_CHUNK,
        parentLink: opened.parentLink,
        bat: location.bat,
        next,
        children: entries.slice(start, start + this.maxPerChunk),
        mirrorBatId: node.mirrorBatId,
      });
      this.changes.put(this.signer, location.mapKey, undefined, sealed);
      this.newest = { index, location };
      index++;
      location = next;
    }
  }
}

/** The element with some facts replaced. */
export function relisted(link: NamedRelativeCapability, facts: RelistedFacts): ChildEntry {
  const { capability, name, isDirectory, mimeType, created } = link;
  return ChildEntry.of(NamedRelativeCapability.of(capability, { name, isDirectory, mimeType, created, ...facts }));
}

/** An element for a legacy list: one list has names everywhere or nowhere. */
function withoutName(entry: ChildEntry): ChildEntry {
  return entry.link instanceof NamedRelativeCapability ? ChildEntry.fromCbor(entry.link.capability.toCbor()) : entry;
}

/** What a name that is in use makes. */
export function nameInUse(): ConflictError {
  return new ConflictError('conflict.exists', 'There is a file or directory with this name already.');
}
