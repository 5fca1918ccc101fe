import { assertInstance } from '@pyrgos/core/arguments';
import type { Cid } from '@pyrgos/core/codec';
import { FormatError, LimitError, type PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_DIRECTORY_CHUNKS } from '@pyrgos/core/limits';
import {
  type AbsoluteCapability,
  type ChildEntry,
  type ChunkLocation,
  type CryptreeNode,
  openNode,
  type OpenedNode,
} from '@pyrgos/core/model';
import { readChildList } from './child-list.js';
import { Item } from './item.js';
import { isDamage, loadNode, type LoadedNode } from './load-nodes.js';
import { requireNode } from './open-item.js';
import { assertRead, type ReadOptions, type View } from './view.js';
import { VisitedLocations } from './visited-locations.js';

/** One chunk of a directory (chapter 04 section 9.2). */
export interface DirectoryChunk {
  /** 0 for the first chunk. */
  readonly index: number;
  /** Location of this chunk, with the keys of the directory. */
  readonly capability: AbsoluteCapability;
  /** The CID of its node: what a change of the chunk expects to replace. */
  readonly cid: Cid;
  readonly node: CryptreeNode;
  readonly opened: OpenedNode;
  /** Its children, in the order of the list, malformed ones included. */
  readonly entries: readonly ChildEntry[];
  /** Where the chunk after this one is or would be. */
  readonly next: ChunkLocation;
}

/** A chunk whose child list is not read yet. */
type OpenChunk = Omit<DirectoryChunk, 'entries'>;

/** Where a chunk of a directory is. */
export interface ChunkPosition {
  /** 0 for the first chunk. */
  readonly index: number;
  readonly location: ChunkLocation;
}

/** How {@link directoryChunks} reads. */
export interface ChunkOptions extends ReadOptions {
  /** Where it begins, for whoever knows what the chunks before it hold; default the first chunk. */
  readonly from?: ChunkPosition | undefined;
  /** Whether the lists stay in the cache; default true. */
  readonly isKept?: boolean | undefined;
  /**
   * Called for a chunk whose list cannot be read, which is then left out, and for one that cannot be found, with which the directory then
   * ends. Without it both are errors of the iteration.
   */
  readonly onDamage?: ((error: PyrgosError, index: number) => void) | undefined;
}

/**
 * The chunks of a directory, first to last, each with its child list. The next node is fetched while a list is read. FormatError when the
 * chain bites its tail or leads to a file, LimitError beyond MAX_DIRECTORY_CHUNKS, and what is wrong with a damaged chunk; the chunks
 * before it have been given out.
 */
export async function* directoryChunks(
  view: View,
  directory: Item,
  options: ChunkOptions = {},
): AsyncGenerator<DirectoryChunk, void, undefined> {
  assertRead(view, options);
  assertInstance('directory', directory, Item);
  const visited = new VisitedLocations();
  const tolerate = (error: unknown, index: number): void => {
    if (options.onDamage === undefined || !isDamage(error)) throw error;
    options.onDamage(error, index);
  };
  let chunk: OpenChunk | undefined = await chunkAt(view, directory.requireDirectory(), options);
  while (chunk !== undefined) {
    throwIfAborted(options.signal ?? view.signal, 'reading a directory');
    visited.add(chunk.capability.writer, chunk.capability.mapKey);
    const following = nextChunk(view, chunk, visited, options);
    // Somebody looks at it only after the list; until then nobody may miss its failure.
    following.catch(() => undefined);
    let entries: readonly ChildEntry[] | undefined;
    try {
      entries = await readChildList(view, chunk, options);
    } catch (error) {
      tolerate(error, chunk.index);
    }
    if (entries !== undefined) yield { ...chunk, entries };
    const { index }: OpenChunk = chunk;
    try {
      chunk = await following;
    } catch (error) {
      tolerate(error, index + 1);
      chunk = undefined;
    }
  }
}

async function chunkAt(view: View, directory: Item, { from, ...options }: ChunkOptions): Promise<OpenChunk> {
  if (from === undefined || from.index === 0) return firstChunk(directory);
  const { capability } = directory;
  const result = await loadNode(view, capability.owner, capability.writer, from.location, options);
  return laterChunk(view, from.index, capability, from.location, requireNode(result));
}

function firstChunk(directory: Item): OpenChunk {
  const { capability, cid, node, opened } = directory;
  return { index: 0, capability, cid, node, opened, next: nextOf(opened) };
}

async function nextChunk(
  view: View,
  { index, capability, next }: OpenChunk,
  visited: VisitedLocations,
  options: ReadOptions,
): Promise<OpenChunk | undefined> {
  const { owner, writer } = capability;
  const result = await loadNode(view, owner, writer, next, options);
  if (result === undefined) return undefined;
  if (!visited.add(writer, next.mapKey)) throw damaged('the chain of its chunks bites its tail');
  if (index + 1 >= MAX_DIRECTORY_CHUNKS) throw new LimitError('directory chunks', index + 2, MAX_DIRECTORY_CHUNKS);
  return laterChunk(view, index + 1, capability, next, requireNode(result));
}

function laterChunk(
  view: View,
  index: number,
  directory: AbsoluteCapability,
  location: ChunkLocation,
  { cid, node }: LoadedNode,
): OpenChunk {
  const capability = directory.withLocation(location);
  const opened = openNode(view.crypto, node, capability);
  if (opened.kind !== 'directory' || !opened.isReadable) throw damaged('one of its chunks is no chunk of a directory');
  return { index, capability, cid, node, opened, next: nextOf(opened) };
}

/** The location that a directory node announces for the chunk after it. */
function nextOf(opened: OpenedNode): ChunkLocation {
  if (opened.next === undefined) throw damaged('one of its chunks names no next one');
  return opened.next.location;
}

function damaged(problem: string): FormatError {
  return new FormatError('format.cryptree', 'directory', problem);
}
