import { assertBoolean, assertFunction, assertInstance } from '@pyrgos/core/arguments';
import { FormatError, LimitError, NotFoundError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_CHAMP_LOOKUPS, MAX_PATH_LENGTH } from '@pyrgos/core/limits';
import { fitChunk, mapInOrder, NamedRelativeCapability } from '@pyrgos/core/model';
import { directoryChunks } from './directory-chunks.js';
import type { FileChunk } from './file-chunk.js';
import { FileChunks } from './file-chunks.js';
import { DanglingEntry, Item } from './item.js';
import { openEntries } from './list-children.js';
import { isDamage } from './load-nodes.js';
import { namesParent } from './names-parent.js';
import { StoredHashCheck } from './stored-hash-check.js';
import { assertRead, type ReadOptions, type View } from './view.js';
import { VisitedLocations } from './visited-locations.js';

/** Something that is wrong in a tree. Everything else in it was looked at all the same. */
export interface Finding {
  /** Where: names below the item that was verified, each after a `/`; empty for the item itself. A nameless child is `?`. */
  readonly path: string;
  /**
   * An element of a directory's list, a chunk of a directory, a chunk of a file, the content hash tree that a file stores (chapter 04
   * section 8; the content itself is whole), or what the item says about itself.
   */
  readonly part: 'entry' | 'list' | 'content' | 'hash' | 'metadata';
  /** The chunk of the directory or file, where one is meant; for `hash` the first one that is not what the tree says. */
  readonly chunk?: number;
  readonly error: PyrgosError;
}

/** What has been looked at so far. */
export interface VerifyProgress {
  readonly directories: number;
  readonly files: number;
  /** Bytes of file contents that were decrypted. */
  readonly bytes: number;
}

/** How {@link verifyTree} works. */
export interface VerifyOptions extends ReadOptions {
  /**
   * Whether to fetch and decrypt the contents of files, and to compare them with their sizes and with the hash trees that the files store;
   * otherwise it is only looked whether all their chunks are there. Default false.
   */
  readonly content?: boolean | undefined;
  /** Told after every directory and file, and after every chunk that was decrypted. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

/**
 * Looks at everything below an item and reports what is damaged, missing or inconsistent, in the order in which it is met. A finding never
 * keeps siblings from being looked at. Memory grows with the number of directories, not of files. Ends with an error only when the server
 * cannot be reached, the session was closed, or the signal is aborted. What the caches behind the view have counts as being there: to ask
 * the server for everything take a view of `Sessions.withEmptyCaches()`.
 *
 * The listed type of a file is not compared: a change of the file without its directory leaves it behind (chapter 04 section 14 step 3).
 */
export async function* verifyTree(view: View, root: Item, options: VerifyOptions = {}): AsyncGenerator<Finding, void, undefined> {
  assertRead(view, options);
  assertInstance('root', root, Item);
  const { content, onProgress } = options;
  if (content !== undefined) assertBoolean('options.content', content);
  if (onProgress !== undefined) assertFunction('options.onProgress', onProgress);
  yield* new TreeVerifier(view, options).verify(root);
}

/** Groups of children that are opened, and files that are read, at the same time. */
const GROUPS_IN_FLIGHT = 2;
const FILES_IN_FLIGHT = 4;

interface Place {
  readonly item: Item;
  readonly path: string;
}

class TreeVerifier {
  private readonly visited = new VisitedLocations();
  private readonly signal: AbortSignal | undefined;
  private progress: VerifyProgress = { directories: 0, files: 0, bytes: 0 };

  constructor(
    private readonly view: View,
    private readonly options: VerifyOptions,
  ) {
    this.signal = options.signal ?? view.signal;
  }

  async *verify(root: Item): AsyncGenerator<Finding, void, undefined> {
    // A stack, not a recursion: a tree of peers may be deeper than the stack of calls.
    const open: Place[] = [{ item: root, path: '' }];
    yield* ownDescription(root, '');
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      throwIfAborted(this.signal, 'verifying a tree');
      if (!place.item.isDirectory) {
        yield* await this.file(place);
      } else if (!this.visited.add(place.item.writer, place.item.capability.mapKey)) {
        yield { path: place.path, part: 'entry', error: damaged('leads to a directory that is listed elsewhere as well') };
      } else {
        const below: Place[] = [];
        yield* this.directory(place, below);
        open.push(...below.reverse());
      }
    }
  }

  private count(change: Partial<VerifyProgress>): void {
    const { directories = 0, files = 0, bytes = 0 } = change;
    const before = this.progress;
    this.progress = { directories: before.directories + directories, files: before.files + files, bytes: before.bytes + bytes };
    this.options.onProgress?.(this.progress);
  }

  private async *directory({ item, path }: Place, below: Place[]): AsyncGenerator<Finding, void, undefined> {
    if (!item.isReadable) {
      yield { path, part: 'metadata', error: damaged('is a directory whose list this key does not open') };
      return;
    }
    const names = new Set<string>();
    const damages: Finding[] = [];
    const onDamage = (error: PyrgosError, chunk: number): void => void damages.push({ path, part: 'list', chunk, error });
    for await (const { entries } of directoryChunks(this.view, item, { signal: this.signal, onDamage })) {
      const groups = slices(entries, MAX_CHAMP_LOOKUPS);
      const children = mapInOrder(groups, (group) => openEntries(this.view, item, group, { signal: this.signal }), GROUPS_IN_FLIGHT);
      for await (const group of children) yield* this.children({ item, path }, group, names, below);
    }
    yield* damages;
    this.count({ directories: 1 });
  }

  private async *children(
    { item: directory, path: parentPath }: Place,
    children: readonly (Item | DanglingEntry)[],
    names: Set<string>,
    below: Place[],
  ): AsyncGenerator<Finding, void, undefined> {
    const files: Place[] = [];
    for (const child of children) {
      const path = `${parentPath}/${child.name ?? '?'}`;
      if (child instanceof DanglingEntry) {
        yield { path, part: 'entry', error: child.error };
        continue;
      }
      if (names.has(child.name)) yield { path, part: 'entry', error: damaged('has the name of another child') };
      names.add(child.name);
      yield* ownDescription(child, path);
      yield* selfDescription(directory, child, path);
      if (path.length > MAX_PATH_LENGTH) yield { path, part: 'entry', error: new LimitError('path length', path.length, MAX_PATH_LENGTH) };
      else if (child.isDirectory) below.push({ item: child, path });
      else files.push({ item: child, path });
    }
    for await (const findings of mapInOrder(files, (file) => this.file(file), FILES_IN_FLIGHT)) yield* findings;
  }

  private async file({ item, path }: Place): Promise<readonly Finding[]> {
    if (!item.isReadable) return [{ path, part: 'metadata', error: damaged('is a file that this key does not open') }];
    const chunks = new FileChunks(this.view, item);
    const findings: Finding[] = [];
    const { treeHash } = item.opened.properties;
    const { content = false } = this.options;
    const hashes = content && treeHash !== undefined ? new StoredHashCheck(this.view.crypto, treeHash) : undefined;
    // A size is only a claim: nothing is looked for after a chunk that is missing, and there is no way past a damaged legacy chunk.
    for (let start = 0, isOpen = true; isOpen && start < chunks.count; start += MAX_CHAMP_LOOKUPS) {
      const found = await chunks.find(start, Math.min(chunks.count, start + MAX_CHAMP_LOOKUPS), this.signal);
      for (const [i, chunk] of found.entries()) {
        const index = start + i;
        const error = chunk === undefined ? missingFrom(index, chunks.count) : await this.problemOf(chunks, index, chunk, hashes);
        if (error !== undefined) findings.push({ path, part: 'content', chunk: index, error });
        isOpen = chunk !== undefined && (chunks.isSeekable || !(chunk instanceof PyrgosError));
        if (!isOpen) break;
      }
    }
    // Of content that is damaged nobody knows the hash.
    const mismatch = findings.length === 0 ? hashes?.finish() : undefined;
    if (mismatch !== undefined) {
      const { chunk } = mismatch;
      findings.push({ path, part: 'hash', ...(chunk === undefined ? {} : { chunk }), error: damaged('stores a hash of other content') });
    }
    this.count({ files: 1 });
    return findings;
  }

  private async problemOf(
    chunks: FileChunks,
    index: number,
    chunk: FileChunk | PyrgosError,
    hashes: StoredHashCheck | undefined,
  ): Promise<PyrgosError | undefined> {
    if (chunk instanceof PyrgosError) return chunk;
    if (this.options.content !== true) return undefined;
    const { signal } = this;
    try {
      const stored = await chunks.storedContent(chunk, signal);
      const size = chunks.sizeOf(index);
      this.count({ bytes: Math.min(stored.length, size) });
      if (stored.length < size) return damaged('holds fewer bytes than its size says');
      // Zeros may fill the last chunk (chapter 04 section 7.1).
      if (stored.subarray(size).some((byte) => byte !== 0)) return damaged('holds more bytes than its size says');
      if (hashes === undefined) return undefined;
      const bytes = fitChunk(stored, chunks.size, index);
      hashes.add(await this.view.pool.sha256(bytes, signal === undefined ? {} : { signal }), chunk.opened.properties.treeHash);
      return undefined;
    } catch (error) {
      if (isDamage(error)) return error;
      throw error;
    }
  }
}

/** A list in parts of at most `size`. */
function* slices<T>(list: readonly T[], size: number): Generator<readonly T[], void, undefined> {
  for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size);
}

/** What an item says about itself must be what it is. */
function* ownDescription({ isReadable, isDirectory, opened }: Item, path: string): Generator<Finding, void, undefined> {
  if (isReadable && isDirectory !== opened.properties.isDirectory) {
    yield { path, part: 'metadata', error: damaged('is a directory and says that it is a file') };
  }
}

/** What an item says about itself must be what its parent says. */
function* selfDescription(directory: Item, child: Item, path: string): Generator<Finding, void, undefined> {
  const listed = child.link ?? child;
  const { link } = child.entry ?? {};
  if (link instanceof NamedRelativeCapability && child.isReadable && link.isDirectory !== child.isDirectory) {
    const kinds = child.isDirectory ? 'is a directory and is listed as a file' : 'is a file and is listed as a directory';
    yield { path, part: 'entry', error: damaged(kinds) };
  }
  if (listed.opened.properties.name !== child.name) {
    yield { path, part: 'metadata', error: damaged('has another name than its parent lists') };
  }
  if (!namesParent(listed, directory)) {
    yield { path, part: 'metadata', error: damaged('has a link to another parent than the directory that lists it') };
  }
  const lastLink = child.links.at(-1);
  if (lastLink !== undefined && !namesParent(child, lastLink)) {
    yield { path, part: 'metadata', error: damaged('has a link to another parent than the link node that leads to it') };
  }
  if (directory.isWritable && !child.isWritable) {
    yield { path, part: 'entry', error: damaged('cannot be changed, though the directory that lists it can') };
  }
}

function damaged(problem: string): FormatError {
  return new FormatError('format.cryptree', 'item', problem);
}

function missingFrom(index: number, count: number): NotFoundError {
  return new NotFoundError('not-found.file', `chunk ${index} of ${count} is missing; nothing was looked for after it`, {
    chunk: index,
    chunks: count,
  });
}
