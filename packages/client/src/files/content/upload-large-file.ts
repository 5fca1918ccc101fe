import type { Cid } from '@pyrgos/core/codec';
import { HashTreeBuilder } from '@pyrgos/core/containers';
import { CHUNK_SIZE, chunkCount, type FileProperties, openNode, withProperties } from '@pyrgos/core/model';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { DirectoryEdit, nameInUse } from '../structure/directory-edit.js';
import { refresh } from '../structure/refresh.js';
import { findEntry, type Item, loadNode, openItem, type OperationView } from '../view/index.js';
import { requireNode } from '../view/open-item.js';
import { assertRoom, withinRoom } from './assert-room.js';
import { type ContentPorts, DEFAULT_CHUNKS_IN_FLIGHT, DEFAULT_CHUNKS_PER_COMMIT } from './content-ports.js';
import { ProgressMeter } from './content-progress.js';
import { TargetLocations } from './file-target.js';
import { catchUp, changedMeanwhile, flushNow } from './flush-now.js';
import { FragmentUploads } from './fragment-uploads.js';
import { lending } from './lent-source.js';
import type { PreparedContent } from './prepared-content.js';
import { stageRemovalBehind } from './present-chunks.js';
import { BRANCH_INTERVAL, type PlainChunk, sealChunks, type SealedFileChunk } from './seal-chunks.js';
import { checkLeaf } from './set-content.js';
import { entryForFile, type NewFile, resealProperties } from './stage-file.js';
import { cidsAt, PlaceLookups } from './tree-places.js';
import type { UploadOptions } from './upload-options.js';
import { NO_PART, type RecordedUpload, recordUpload, type UploadedPart, uploadedPart } from './upload-record.js';

/** `uploadFile` for a new file of more than one chunk. Its fragments are uploaded while the rest is still being read. */
export async function uploadLargeFile(
  operation: OperationView,
  ports: ContentPorts,
  directory: Item,
  file: NewFile,
  content: PreparedContent,
  options: UploadOptions,
): Promise<Item> {
  const uploads = new FragmentUploads(ports, operation);
  try {
    const recorded = await recordUpload(operation, ports, directory, file, content, options);
    const { count = 0 } = recorded?.part ?? {};
    if (content.size !== undefined) await assertRoom(ports, content.size - count * CHUNK_SIZE, operation.signal);
    // Others get their turn while it is uploaded: they must see the record, whose directory they may change, too.
    if (recorded !== undefined) await flushNow(operation);
    const isResumable = recorded !== undefined || (options.resume !== undefined && content.size !== undefined);
    const upload = new LargeUpload(operation, recorded?.upload ?? file, content, uploads, {
      isResumable,
      recorded,
      ports,
      chunksInFlight: ports.chunksInFlight ?? DEFAULT_CHUNKS_IN_FLIGHT,
      chunksPerCommit: ports.chunksPerCommit ?? DEFAULT_CHUNKS_PER_COMMIT,
      meter: new ProgressMeter(content.size, options.onProgress),
    });
    // Chunks of other content under the caller's own secrets are written over.
    const part = recorded?.part ?? (isResumable ? await uploadedPart(operation, ports, file, content, false) : undefined);
    await upload.run(part ?? NO_PART);
    return await upload.finish(directory, options);
  } finally {
    uploads.close();
  }
}

interface LargeUploadOptions {
  /** Whether a part of the file may be committed before all of it is there. */
  readonly isResumable: boolean;
  readonly recorded: RecordedUpload | undefined;
  readonly ports: ContentPorts;
  readonly chunksInFlight: number;
  readonly chunksPerCommit: number;
  readonly meter: ProgressMeter;
}

/** One new file of more than one chunk on its way. */
class LargeUpload {
  private readonly changes: ChunkChanges;
  private readonly places: PlaceLookups;
  private readonly builder: HashTreeBuilder;
  /** Chunks of a file that is committed as a whole that store a branch of its tree, which is not known yet. */
  private readonly held = new Map<number, SealedFileChunk>();
  private size = 0;
  /** What this run has sent so far of a file that is not linked yet: chunks from one index up to another, and the node of chunk 0 if it is among them. */
  private sent = { from: 0, to: 0 };
  private first: Cid | undefined;

  constructor(
    private readonly operation: OperationView,
    private readonly file: NewFile,
    private readonly content: PreparedContent,
    private readonly uploads: FragmentUploads,
    private readonly options: LargeUploadOptions,
  ) {
    const { target } = file;
    const locations = new TargetLocations(operation.crypto, target);
    const count = content.size === undefined ? Number.MAX_SAFE_INTEGER : chunkCount(content.size);
    this.changes = new ChunkChanges(operation);
    this.places = new PlaceLookups(operation, target.signer, count, (index) => locations.at(index));
    this.builder = new HashTreeBuilder(operation.crypto);
  }

  /** Stores the chunks that are not there yet. */
  async run(part: UploadedPart): Promise<void> {
    const { operation, content, file, uploads, options } = this;
    const { target, properties } = file;
    const { tree } = content;
    this.size = Math.min(content.size ?? 0, part.count * CHUNK_SIZE);
    options.meter.add(this.size);
    this.sent = { from: part.count, to: part.count };
    for (let i = 0; i < part.count; i++) this.builder.addLeaf(part.leaves?.[i] ?? (tree?.leaf(i) as Uint8Array));
    const chunks = (signal: AbortSignal): AsyncIterable<PlainChunk> => content.chunks(part.count, signal);
    const sealed = sealChunks(operation, target, content.size === undefined ? withinRoom(options.ports, chunks) : chunks, {
      properties,
      branchOf: (index) => tree?.branch(index),
      uploads,
      concurrency: options.chunksInFlight,
    });
    let pending = 0;
    for await (const chunk of lending(operation, sealed)) {
      checkLeaf(content, chunk.index, chunk.leaf);
      this.builder.addLeaf(chunk.leaf);
      this.size += chunk.length;
      if (!options.isResumable && chunk.index % BRANCH_INTERVAL === 0) this.held.set(chunk.index, chunk);
      else await this.put(chunk);
      options.meter.add(chunk.length);
      pending++;
      if (!options.isResumable || pending < options.chunksPerCommit || (this.isElsewhere && this.size === content.size)) continue;
      if (operation.wasLent) await catchUp(operation, [target.capability.writer]);
      await this.requireRecord();
      this.relyOnRecord();
      await this.changes.commit();
      await flushNow(operation);
      uploads.committed(chunk.index);
      this.sent = { ...this.sent, to: chunk.index + 1 };
      pending = 0;
    }
  }

  /** Links the file in its directory and closes its record, in one commit, which is sent (section 16.2 step 5). */
  async finish(directory: Item, { resume, onExisting = 'error' }: UploadOptions): Promise<Item> {
    const { operation, changes, file } = this;
    const { recorded } = this.options;
    const { capability, signer } = file.target;
    await catchUp(operation, [directory.writer, ...(recorded === undefined ? [] : [recorded.transactions.writer])]);
    if ((await findEntry(operation, await refresh(operation, directory), file.properties.name)) !== undefined) {
      await this.giveUp();
      // What is to be done about the file that has appeared is decided by a repetition, for which the source has to be read again.
      throw onExisting === 'error' || this.content.repeatable === undefined ? nameInUse() : changedMeanwhile();
    }
    await this.requireRecord();
    const item = await operation.committer.withoutFlush(async () => {
      await changes.commit();
      await this.storeBranches();
      if (resume !== undefined) await stageRemovalBehind(operation, changes, file.target, chunkCount(this.size));
      await changes.commit();
      const edit = new DirectoryEdit(operation, changes, await refresh(operation, directory));
      const entry = edit.add(entryForFile(file));
      await edit.apply();
      // Whoever has taken the record away has taken the chunks as well, or finished the file.
      if (recorded !== undefined && !(await recorded.transactions.stageClose(operation, changes, recorded.file))) throw changedMeanwhile();
      await changes.commit();
      return openItem(operation, capability, { inheritedSigner: signer, entry });
    });
    // Nothing may fail or be cancelled after this.
    await flushNow(operation);
    this.options.meter.finish();
    return item;
  }

  /** Chunks without a record would stay for ever: somebody else may clear the upload, or finish it, while it is running here. */
  private relyOnRecord(): void {
    const { recorded } = this.options;
    const { signer } = this.file.target;
    if (recorded?.file.writer.equals(signer.publicKeyHash) !== true) return;
    this.changes.rely(signer, recorded.file.capability.mapKey, recorded.file.cid);
  }

  /** Whether the record is in another tree than the chunks: a commit of theirs cannot rely on it. */
  private get isElsewhere(): boolean {
    const { recorded } = this.options;
    return recorded !== undefined && !recorded.file.writer.equals(this.file.target.capability.writer);
  }

  /**
   * Looks whether there still is a record that is in another tree. Otherwise what was sent after somebody had cleared the upload is removed: ConflictError
   * `conflict.snapshot`.
   */
  private async requireRecord(): Promise<void> {
    const { operation } = this;
    const { recorded } = this.options;
    if (recorded === undefined || !this.isElsewhere) return;
    await catchUp(operation, [recorded.transactions.writer]);
    if (await recorded.transactions.has(operation, recorded.file)) return;
    await this.removeSent();
    throw changedMeanwhile();
  }

  /** Removes what was committed of an upload that nobody is going to resume, and sends that. */
  private async giveUp(): Promise<void> {
    const { operation } = this;
    const { recorded } = this.options;
    if (recorded === undefined) return;
    const { transactions, record, file } = recorded;
    if (await transactions.clear(operation, { record, file })) await flushNow(operation);
    else if (this.isElsewhere) await this.removeSent();
  }

  /**
   * Removes the chunks that this run has sent, of a file whose record is gone. Unless somebody else has finished it, under whatever name: then there are
   * more of them, or the first one is another; what was sent here is never all of the file.
   */
  private async removeSent(): Promise<void> {
    const { operation, file, first } = this;
    const { from, to } = this.sent;
    const { target } = file;
    this.uploads.committed(Infinity);
    if (from === to) return;
    await catchUp(operation, [target.capability.writer]);
    const locations = new TargetLocations(operation.crypto, target);
    const [start, end] = [locations.at(0), locations.at(to)];
    const [present, next] = await cidsAt(operation, target.signer, [start, end]);
    if (next !== undefined || (present !== undefined && first?.equals(present) !== true)) return;
    const changes = new ChunkChanges(operation);
    changes.rely(target.signer, end.mapKey, undefined);
    for (let index = from; index < to; index++) changes.remove(target.signer, locations.at(index).mapKey);
    await changes.commit();
    await flushNow(operation);
  }

  private async put({ index, location, sealed }: Pick<SealedFileChunk, 'index' | 'location' | 'sealed'>): Promise<void> {
    const cid = this.changes.put(this.file.target.signer, location.mapKey, await this.places.at(index), sealed);
    if (index === 0) this.first = cid;
  }

  /** Gives chunk 0, 1024 and so on their branch of the tree, which is known now, and chunk 0 the properties that count (section 8.3). */
  private async storeBranches(): Promise<void> {
    const { operation, file } = this;
    const { target } = file;
    const tree = this.builder.build();
    const locations = new TargetLocations(operation.crypto, target);
    for (let index = 0; index < tree.leafCount; index += BRANCH_INTERVAL) {
      const location = locations.at(index);
      const properties: FileProperties = file.properties.with({
        size: this.size,
        treeHash: tree.branch(index),
        ...(index === 0 ? {} : { thumbnail: undefined }),
      });
      const held = this.held.get(index);
      if (held !== undefined) {
        await this.put({ ...held, sealed: resealProperties(operation, target, held, properties) });
        continue;
      }
      const { owner, writer } = target.capability;
      const stored = requireNode(await loadNode(operation, owner, writer, location));
      const opened = openNode(operation.crypto, stored.node, target.capability.withLocation(location));
      if (opened.properties.equals(properties)) continue;
      const node = withProperties(operation.crypto, stored.node, opened, properties);
      this.changes.put(target.signer, location.mapKey, stored.cid, { node, fragments: [] });
    }
  }
}
