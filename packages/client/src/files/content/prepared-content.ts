import { whenAborted } from '@pyrgos/core/abort';
import { chunkMemory, type HashTree, HashTreeBuilder } from '@pyrgos/core/containers';
import { ArgumentError, ConflictError, throwIfAborted } from '@pyrgos/core/errors';
import { CHUNK_SIZE, chunkCount, chunkLength, MIME_HEAD_SIZE } from '@pyrgos/core/model';
import type { View } from '../view/index.js';
import { type ByteSource, cutIntoChunks, type OpenedSource, openSource } from './byte-source.js';
import { chunksOf } from './chunks-of-source.js';
import { lentSource } from './lent-source.js';
import type { PlainChunk } from './seal-chunks.js';

/** Content that is about to be written, and what is known of it before. */
export interface PreparedContent {
  /** Bytes in all; undefined for a stream of more than one chunk. */
  readonly size: number | undefined;
  /** Its hash tree; unknown for content of more than one chunk, unless the caller knows it or {@link PreparedContent.hash} was asked. */
  readonly tree: HashTree | undefined;
  /** The first bytes, MIME_HEAD_SIZE or all. */
  readonly head: Uint8Array;
  /** What it can be read from once more; undefined for a stream of more than one chunk. */
  readonly repeatable: OpenedSource | undefined;
  /** Whether it fits into one chunk. */
  readonly isSmall: boolean;
  /** Whether {@link PreparedContent.chunks} gives all of it once more: not for a long stream of which anything was given already. */
  readonly isWhole: boolean;
  /** Whether reading it runs code of the caller. */
  readonly isCode: boolean;
  /** The hash tree, for which content of more than one chunk is read once; undefined for a stream of more than one chunk. */
  hash(): Promise<HashTree | undefined>;
  /**
   * The chunks from chunk `first` on; an empty file has one. ConflictError `conflict.source` when there are not as many bytes as the source
   * has said. A stream is read once, from its start.
   */
  chunks(first: number, signal: AbortSignal | undefined): AsyncIterable<PlainChunk>;
}

/**
 * Looks at a source: content of one chunk is read into memory; larger one stays where it is until it is written. `knownTree` is its hash
 * tree, if the caller knows it. Errors of the source go through; ArgumentError for a tree of another size; AbortedError.
 */
export async function prepareContent(view: View, source: ByteSource, knownTree?: HashTree): Promise<PreparedContent> {
  throwIfAborted(view.signal, 'reading the source');
  const opened = lentSource(view, openSource(source));
  const { size } = opened;
  if (size === undefined) return prepareStream(view, opened);
  if (size <= CHUNK_SIZE) return prepareBytes(view, await readWhole(opened, size, view.signal));
  if (knownTree !== undefined && knownTree.leafCount !== chunkCount(size))
    throw new ArgumentError('hashTree', 'must be that of the source');
  return new LargeContent(view, opened, size, await readHead(opened, view.signal), knownTree);
}

/** The first bytes of a source that can be read again. */
export async function readHead(
  source: OpenedSource,
  signal: AbortSignal | undefined,
  length: number = MIME_HEAD_SIZE,
): Promise<Uint8Array> {
  for await (const chunk of cutIntoChunks(source.open(0, signal), length, signal)) return chunk;
  return new Uint8Array();
}

/** Content that is in memory: of one chunk at most. */
async function prepareBytes(view: View, bytes: Uint8Array): Promise<PreparedContent> {
  const signal = view.signal === undefined ? {} : { signal: view.signal };
  const leaf = await view.pool.sha256(bytes, signal);
  const tree = new HashTreeBuilder(view.crypto).addLeaf(leaf).build();
  return {
    size: bytes.length,
    tree,
    hash: async () => tree,
    head: bytes.slice(0, MIME_HEAD_SIZE),
    repeatable: openSource(bytes),
    isSmall: true,
    isWhole: true,
    isCode: false,
    chunks: async function* (first) {
      if (first === 0) yield { index: 0, data: bytes, leaf };
    },
  };
}

/** More than one chunk that can be read as often as needed. */
class LargeContent implements PreparedContent {
  readonly isSmall = false;
  readonly isWhole = true;

  constructor(
    private readonly view: View,
    readonly repeatable: OpenedSource,
    readonly size: number,
    readonly head: Uint8Array,
    public tree: HashTree | undefined,
  ) {}

  get isCode(): boolean {
    return this.repeatable.isCode;
  }

  async hash(): Promise<HashTree> {
    this.tree ??= await hashAll(this.view, this);
    return this.tree;
  }

  async *chunks(first: number, signal: AbortSignal | undefined): AsyncGenerator<PlainChunk, void, undefined> {
    const { size } = this;
    const count = chunkCount(size);
    if (first >= count) return;
    let index = first;
    const spare: Uint8Array<ArrayBuffer>[] = [];
    for await (const data of chunksOf(this.repeatable, first * CHUNK_SIZE, CHUNK_SIZE, signal, () => spare.pop() ?? chunkMemory())) {
      if (index >= count || data.length !== chunkLength(size, index)) throw sourceChanged();
      yield { index, data, release: releaseTo(spare, data) };
      index++;
    }
    if (index < count) throw sourceChanged();
  }
}

async function hashAll(view: View, content: PreparedContent): Promise<HashTree> {
  const { signal } = view;
  const builder = new HashTreeBuilder(view.crypto);
  for await (const { data, release } of content.chunks(0, signal)) {
    builder.addLeaf(await view.pool.sha256(data, signal === undefined ? {} : { signal }));
    release?.();
  }
  return builder.build();
}

async function prepareStream(view: View, source: OpenedSource): Promise<PreparedContent> {
  // What ends the reading later on must reach a source that is asked already.
  const stop = new AbortController();
  const listen = (signal: AbortSignal | undefined): (() => void) => whenAborted(signal, () => stop.abort(signal?.reason));
  const spare: Uint8Array<ArrayBuffer>[] = [];
  const chunks = cutIntoChunks(source.open(0, view.signal), CHUNK_SIZE, stop.signal, () => spare.pop() ?? chunkMemory());
  const stopListening = listen(view.signal);
  let first: IteratorResult<Uint8Array<ArrayBuffer>, void>;
  let second: IteratorResult<Uint8Array<ArrayBuffer>, void>;
  try {
    first = await chunks.next();
    second = first.done === true ? first : await chunks.next();
  } finally {
    // Nothing is read until `chunks` is: listening that long to a signal that outlives the source would keep it alive.
    stopListening();
  }
  if (second.done === true) return prepareBytes(view, first.done === true ? new Uint8Array() : first.value);
  const ahead = [first.value as Uint8Array, second.value];
  let isWhole = true;
  return {
    size: undefined,
    tree: undefined,
    hash: async () => undefined,
    head: ahead[0]?.slice(0, MIME_HEAD_SIZE) ?? new Uint8Array(),
    repeatable: undefined,
    isSmall: false,
    isCode: true,
    get isWhole() {
      return isWhole;
    },
    chunks: async function* (start, signal) {
      if (start !== 0) throw new ArgumentError('source', 'is a stream and can be read only from its start');
      let index = 0;
      if (signal?.aborted === true || view.signal?.aborted === true) stop.abort();
      const listening = [listen(signal), listen(view.signal)];
      isWhole = false;
      try {
        for (let data = ahead.shift(); data !== undefined; data = ahead.shift()) yield { index: index++, data };
        for await (const data of chunks) yield { index: index++, data, release: releaseTo(spare, data) };
      } finally {
        for (const end of listening) end();
        await chunks.return();
      }
    },
  };
}

/** Gives the memory of a full chunk back to the source that cuts chunks. */
function releaseTo(spare: Uint8Array<ArrayBuffer>[], data: Uint8Array<ArrayBuffer>): (() => void) | undefined {
  return data.length === CHUNK_SIZE ? () => void spare.push(data) : undefined;
}

/** For a source that is not what it was, or not what it said. */
export function sourceChanged(): ConflictError {
  return new ConflictError('conflict.source', 'The content to store changed while it was read.');
}

/** All of a source that says how long it is, in memory. ConflictError `conflict.source` when it is not. */
export async function readWhole(source: OpenedSource, size: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of cutIntoChunks(source.open(0, signal), Math.max(size, 1), signal)) {
    // More than there may be.
    if (parts.length > 0) throw sourceChanged();
    parts.push(part);
  }
  const [bytes = new Uint8Array()] = parts;
  if (bytes.length !== size) throw sourceChanged();
  return bytes;
}
