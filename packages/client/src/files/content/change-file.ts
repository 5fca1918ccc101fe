import { type HashTree, HashTreeBuilder } from '@pyrgos/core/containers';
import { type Signer, SymmetricKey } from '@pyrgos/core/keys';
import { chunkCount, type FilePropertiesChanges, openNode, withProperties } from '@pyrgos/core/model';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { fileChunkLocations } from '../structure/file-chunk-keys.js';
import { withNode } from '../structure/refresh.js';
import { FileChunks, type Item, loadNode, type OperationView } from '../view/index.js';
import { assertRoom, withinRoom } from './assert-room.js';
import { type ContentPorts, DEFAULT_CHUNKS_IN_FLIGHT } from './content-ports.js';
import type { ProgressMeter } from './content-progress.js';
import { existingFileTarget, type FileTarget, newStreamSecret, TargetLocations } from './file-target.js';
import { catchUp, flushNow } from './flush-now.js';
import { FragmentUploads } from './fragment-uploads.js';
import { lending } from './lent-source.js';
import { BRANCH_INTERVAL, type PlainChunk, sealChunks, type SealedFileChunk } from './seal-chunks.js';
import { resealProperties } from './stage-file.js';
import { cidsAt, PlaceLookups } from './tree-places.js';

/** New content of a file, as far as it changes. */
export interface ContentChange {
  /** The chunks to write, ascending; each with all the bytes that it has afterwards. */
  readonly chunks: (signal: AbortSignal) => AsyncIterable<PlainChunk>;
  /** Bytes of the file afterwards; asked for when the chunks have been read. */
  readonly size: () => number;
  /**
   * Bytes for which the account needs room beforehand, since what they replace is freed by the commit and not before; undefined while nobody knows how many will
   * come. 0 for a change that makes a file shorter: whoever has no room does that.
   */
  readonly room: number | undefined;
  /** Whether `chunks` gives all chunks. */
  readonly isComplete: boolean;
  /** The tree of the new content, if it is known when the chunks have been read; a complete change finds it out. */
  readonly tree?: (() => HashTree | undefined) | undefined;
  /** Checks a chunk of which something was known before. */
  readonly check?: ((chunk: SealedFileChunk) => void) | undefined;
  /** What else changes, when the chunks have been read; size, hash and stream secret are taken care of. */
  readonly properties: () => FilePropertiesChanges;
  /** Bytes that are going to be written, if that is known: few of them wait in the write buffer for the commit. */
  readonly bytes: number | undefined;
  /** What belongs to the change and is committed together with it: gets the file as it will be, gives it as it is then. */
  readonly alsoCommit?: ((file: Item) => Promise<Item>) | undefined;
}

/** Content up to this size waits in the write buffer; more is uploaded ahead of the commit. */
const BUFFERED_SIZE = 10_485_760;

/**
 * Changes the content of a file in one commit, however large it is: before it, and when anything fails, the file is what it was (chapter 04
 * section 15). `file` is it as the operation sees it. A dirty file, and a legacy one without stream secret, is encrypted anew as a whole
 * (sections 7.3 and 22.5). A change of more than 10 MiB is sent before this returns.
 *
 * The properties of chunk 0 change with every content (size, hash, and those that `change` names); a hash that is no longer right goes.
 */
export async function changeFile(
  operation: OperationView,
  ports: ContentPorts,
  file: Item,
  change: ContentChange,
  meter: ProgressMeter,
): Promise<Item> {
  const isRewritten = isRewriteDue(file);
  const whole = isRewritten && !change.isComplete ? completed(operation, file, change) : change;
  if (change.room !== undefined) await assertRoom(ports, change.room, operation.signal);
  const complete = change.room === undefined ? { ...whole, chunks: withinRoom(ports, whole.chunks) } : whole;
  const isBuffered = complete.bytes !== undefined && complete.bytes <= BUFFERED_SIZE;
  const uploads = isBuffered ? undefined : new FragmentUploads(ports, operation);
  try {
    const changes = new ChunkChanges(operation);
    const run = new FileChange(operation, changes, file, complete, isRewritten);
    await run.writeChunks(uploads, ports.chunksInFlight ?? DEFAULT_CHUNKS_IN_FLIGHT, meter);
    // After a long time, and after changes that the source itself has made.
    if (uploads !== undefined || operation.wasLent) await catchUp(operation, [file.writer]);
    const item = await operation.committer.withoutFlush(async () => {
      const changed = await run.finish();
      await changes.commit();
      return (await change.alsoCommit?.(changed)) ?? changed;
    });
    // Nothing may fail or be cancelled after this.
    if (uploads !== undefined) await flushNow(operation);
    meter.finish();
    return item;
  } finally {
    uploads?.close();
  }
}

/** Whether a change of the file has to write all of it under new secrets. */
export function isRewriteDue({ opened }: Item): boolean {
  return opened.isDirty || opened.properties.streamSecret === undefined;
}

/** A change together with what it leaves as it is. */
function completed(operation: OperationView, file: Item, change: ContentChange): ContentChange {
  const old = new FileChunks(operation, file);
  const content = async (index: number, signal: AbortSignal): Promise<PlainChunk> => ({
    index,
    data: await old.content(await old.chunk(index, signal), signal),
  });
  return {
    ...change,
    isComplete: true,
    tree: undefined,
    bytes: change.bytes === undefined ? undefined : change.bytes + old.size,
    chunks: async function* (signal) {
      let index = 0;
      for await (const chunk of change.chunks(signal)) {
        for (; index < chunk.index; index++) yield content(index, signal);
        yield chunk;
        index = chunk.index + 1;
      }
      for (const count = chunkCount(change.size()); index < count; index++) yield content(index, signal);
    },
  };
}

/** One change of one file on its way. */
class FileChange {
  private readonly signer: Signer;
  private readonly target: FileTarget;
  private readonly oldCount: number;
  private readonly builder: HashTreeBuilder;
  private readonly places: PlaceLookups;
  /** Written chunks that store a branch of the tree, or, the first one, the properties that count. */
  private readonly held = new Map<number, SealedFileChunk>();
  /** Multiples of 1024 whose branch covers a chunk that was written. */
  private readonly stale = new Set<number>();

  constructor(
    private readonly operation: OperationView,
    private readonly changes: ChunkChanges,
    private readonly file: Item,
    private readonly change: ContentChange,
    private readonly isRewritten: boolean,
  ) {
    const { crypto } = operation;
    this.signer = file.requireFile().requireSigner();
    this.target = existingFileTarget(
      file,
      isRewritten ? { dataKey: SymmetricKey.generate(crypto), streamSecret: newStreamSecret(crypto) } : undefined,
    );
    this.oldCount = chunkCount(file.opened.properties.size);
    this.builder = new HashTreeBuilder(crypto);
    const locations = new TargetLocations(crypto, this.target);
    // Under a new stream secret nothing is there yet.
    this.places = new PlaceLookups(operation, this.signer, isRewritten ? 1 : this.oldCount, (index) => locations.at(index));
  }

  async writeChunks(uploads: FragmentUploads | undefined, concurrency: number, meter: ProgressMeter): Promise<void> {
    const { operation, change, target, file } = this;
    const properties = file.opened.properties.with({ streamSecret: target.streamSecret });
    const sealed = sealChunks(operation, target, change.chunks, { properties, uploads, concurrency });
    for await (const chunk of uploads === undefined ? sealed : lending(operation, sealed)) {
      change.check?.(chunk);
      if (change.isComplete) this.builder.addLeaf(chunk.leaf);
      this.stale.add(chunk.index - (chunk.index % BRANCH_INTERVAL));
      if (chunk.index % BRANCH_INTERVAL === 0) this.held.set(chunk.index, chunk);
      else await this.put(chunk);
      meter.add(chunk.length);
    }
  }

  /** Notes what is left to do, chunk 0 last; resolves to the file as it will be. */
  async finish(): Promise<Item> {
    const { operation, change, target, file } = this;
    const size = change.size();
    const count = chunkCount(size);
    const tree = change.isComplete ? this.builder.build() : change.tree?.();
    await this.removeChunks(count);
    const properties = file.opened.properties.with({
      ...change.properties(),
      size,
      streamSecret: target.streamSecret,
      treeHash: tree?.branch(0),
    });
    for (const [index, chunk] of this.held) {
      if (index === 0) continue;
      const sealed = resealProperties(operation, target, chunk, properties.with({ thumbnail: undefined, treeHash: tree?.branch(index) }));
      await this.put({ ...chunk, sealed });
    }
    await this.updateBranches(tree, count);
    const first = this.held.get(0);
    const sealed =
      first === undefined
        ? { node: withProperties(operation.crypto, file.node, file.opened, properties), fragments: [] }
        : resealProperties(operation, target, first, properties);
    const cid = this.changes.put(this.signer, target.capability.mapKey, file.cid, sealed);
    return withNode(operation, file, cid, sealed.node);
  }

  private async put({ index, location, sealed }: SealedFileChunk): Promise<void> {
    this.changes.put(this.signer, location.mapKey, await this.places.at(index), sealed);
  }

  /** The chunks that the new content does not have, or has at other places; never chunk 0. */
  private async removeChunks(count: number): Promise<void> {
    const { operation, file, signer } = this;
    const first = this.isRewritten ? 1 : Math.max(1, count);
    if (first >= this.oldCount) return;
    const locations = (await fileChunkLocations(operation, file)).slice(first);
    // Brings the ways to them into the cache, many with one request.
    if (locations.length > 1) await cidsAt(operation, signer, locations);
    for (const { mapKey } of locations) this.changes.remove(signer, mapKey);
  }

  /** Brings the branches of chunks that are not written up to date: one that covers a chunk which is, or was cut off, is stale. */
  private async updateBranches(tree: HashTree | undefined, count: number): Promise<void> {
    const { operation, file, target, stale, held, oldCount } = this;
    if (this.isRewritten) return;
    if (count !== oldCount) stale.add(Math.min(count, oldCount) - 1 - ((Math.min(count, oldCount) - 1) % BRANCH_INTERVAL));
    const locations = new TargetLocations(operation.crypto, target);
    for (const index of stale) {
      if (index === 0 || index >= count || held.has(index)) continue;
      const location = locations.at(index);
      const result = await loadNode(operation, file.owner, file.writer, location);
      // A chunk that cannot be read keeps what it has.
      if (result?.node === undefined) continue;
      const opened = openNode(operation.crypto, result.node, target.capability.withLocation(location));
      const properties = opened.properties.with({ treeHash: tree?.branch(index) });
      if (properties.equals(opened.properties)) continue;
      const node = withProperties(operation.crypto, result.node, opened, properties);
      this.changes.put(this.signer, location.mapKey, result.cid, { node, fragments: [] });
    }
  }
}
