import { equalBytes } from '@pyrgos/core/bytes';
import { type HashTree, HashTreeBuilder } from '@pyrgos/core/containers';
import { CHUNK_SIZE, chunkCount, type FileProperties, ResumeUploadProps, UploadTransaction } from '@pyrgos/core/model';
import { systemClock } from '../../commit/index.js';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { DirectoryEdit } from '../structure/directory-edit.js';
import { refresh } from '../structure/refresh.js';
import { type Item, openItem, type OperationView, pathOf } from '../view/index.js';
import { type ContentPorts, DEFAULT_CHUNKS_IN_FLIGHT, DEFAULT_CHUNKS_PER_COMMIT } from './content-ports.js';
import { ProgressMeter, THUMBNAIL_PROGRESS } from './content-progress.js';
import { type FileTarget, newFileTarget, TargetLocations } from './file-target.js';
import { flushNow } from './flush-now.js';
import { FragmentUploads } from './fragment-uploads.js';
import { type PreparedContent, sourceChanged } from './prepared-content.js';
import { firstAbsent } from './presence-search.js';
import { BRANCH_INTERVAL, sealChunks, type SealedFileChunk } from './seal-chunks.js';
import { entryForFile, type NewFile, resealProperties } from './stage-file.js';
import { cidsAt, PlaceLookups } from './tree-places.js';
import type { UploadOptions } from './upload-options.js';
import type { UploadTransactions } from './upload-transactions.js';

/** Trees of more chunks, of files beyond 300 GiB, are left out of records, which are files of one chunk. */
const MAX_RECORDED_LEAVES = 65_536;

/** How an upload is recorded. */
interface RecordedUpload {
  readonly transactions: UploadTransactions;
  /** The file of the record. */
  readonly file: Item;
  /** The file that is uploaded, as the record has it. */
  readonly upload: NewFile;
  /** Whether some of its chunks may be there. */
  readonly isResumed: boolean;
}

/** {@link uploadFile} for a new file of more than one chunk. Its fragments are uploaded while the rest is still being read. */
export async function uploadLargeFile(
  operation: OperationView,
  ports: ContentPorts,
  directory: Item,
  file: NewFile,
  content: PreparedContent,
  options: UploadOptions,
): Promise<Item> {
  const uploads = new FragmentUploads(ports, operation.crypto, operation.owner);
  try {
    const recorded = await recordUpload(operation, ports, directory, file, content, options);
    const upload = new LargeUpload(operation, recorded?.upload ?? file, content, uploads, {
      isResumable: content.tree !== undefined && (recorded !== undefined || options.resume !== undefined),
      chunksInFlight: ports.chunksInFlight ?? DEFAULT_CHUNKS_IN_FLIGHT,
      chunksPerCommit: ports.chunksPerCommit ?? DEFAULT_CHUNKS_PER_COMMIT,
      meter: new ProgressMeter(content.size === undefined ? undefined : content.size + THUMBNAIL_PROGRESS, options.onProgress),
    });
    await upload.run(recorded?.isResumed === true || options.resume !== undefined);
    return await upload.finish(directory, recorded);
  } finally {
    uploads.close();
  }
}

/**
 * Opens the record of an upload, or finds out that one is to be resumed (chapter 04 sections 16.2 and 16.3). Undefined when there is no
 * place for records, the content cannot be read again, or what an earlier upload has left is not in the reach of this operation.
 */
async function recordUpload(
  operation: OperationView,
  ports: ContentPorts,
  directory: Item,
  upload: NewFile,
  content: PreparedContent,
  options: UploadOptions,
): Promise<RecordedUpload | undefined> {
  const { transactions } = options;
  const isRecordable =
    content.repeatable !== undefined && options.resume === undefined && transactions?.owner.equals(directory.owner) === true;
  if (!isRecordable || transactions === undefined) return undefined;
  const records = await transactions.directory(operation);
  if (records === undefined || equalBytes(records.capability.mapKey, directory.capability.mapKey)) return undefined;
  const path = `${(await pathOf(operation, directory)).slice(1)}/${upload.properties.name}`;
  const found = await transactions.find(operation, records, path);
  if (found?.record !== undefined) {
    const open = { record: found.record, file: found.file };
    const resumed = await resumable(open.record, directory, upload, content, options);
    if (resumed !== undefined) return { transactions, file: open.file, upload: resumed, isResumed: true };
    const isInReach = operation.snapshot.has(open.record.writer.publicKeyHash);
    if (!isInReach && (await operation.treeOf(operation.owner, open.record.writer.publicKeyHash)) !== undefined) return undefined;
    await transactions.clear(operation, open);
  } else if (found !== undefined) {
    await operation.committer.withoutFlush(async () => {
      const changes = new ChunkChanges(operation);
      await transactions.stageClose(operation, changes, found.file);
      await changes.commit();
    });
  }
  const record = recordOf(path, upload, content, (ports.clock ?? systemClock).now());
  return { transactions, file: await transactions.open(operation, records, record), upload, isResumed: false };
}

function recordOf(path: string, { target, properties }: NewFile, { tree }: PreparedContent, startTime: number): UploadTransaction {
  const { capability, dataKey, signer, streamSecret } = target;
  const { rBaseKey, wBaseKey, owner, location } = capability;
  return UploadTransaction.of({
    path,
    size: properties.size,
    owner,
    writer: signer,
    first: location,
    streamSecret,
    startTime: Math.floor(startTime),
    hashTree: tree !== undefined && tree.leafCount <= MAX_RECORDED_LEAVES ? tree : undefined,
    keys: wBaseKey === undefined ? undefined : { properties, rBaseKey, dataKey, wBaseKey },
  });
}

/** The file of a record, when what it has left is a part of what is to be uploaded now. */
async function resumable(
  record: UploadTransaction,
  directory: Item,
  upload: NewFile,
  content: PreparedContent,
  options: UploadOptions,
): Promise<NewFile | undefined> {
  const { keys, hashTree } = record;
  const isSamePlace = record.owner.equals(directory.owner) && record.writer.publicKeyHash.equals(directory.writer);
  if (keys === undefined || !isSamePlace || record.size !== content.size) return undefined;
  const { properties, rBaseKey, wBaseKey, dataKey } = keys;
  const { streamSecret } = properties;
  const isSound = properties.name === upload.properties.name && properties.size === record.size && !properties.isDirectory;
  if (!isSound || streamSecret === undefined || !equalBytes(streamSecret, record.streamSecret)) return undefined;
  const isSame = hashTree === undefined ? (await options.onUnfinished?.(record)) === 'resume' : content.tree?.root.equals(hashTree.root);
  if (isSame !== true) return undefined;
  const secrets = ResumeUploadProps.of({ rBaseKey, wBaseKey, dataKey, first: record.first, streamSecret });
  return { target: newFileTarget(directory, secrets, upload.target.mirrorBatId), properties };
}

interface LargeUploadOptions {
  /** Whether a part of the file may be committed before all of it is there. */
  readonly isResumable: boolean;
  readonly chunksInFlight: number;
  readonly chunksPerCommit: number;
  readonly meter: ProgressMeter;
}

/** One new file of more than one chunk on its way. */
class LargeUpload {
  private readonly changes: ChunkChanges;
  private readonly places: PlaceLookups;
  private readonly builder: HashTreeBuilder;
  /** Chunks that store a branch of a tree which is not known yet. */
  private readonly held: SealedFileChunk[] = [];
  private size = 0;

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

  /** Stores the chunks; with `isResumed` those that are not there yet. */
  async run(isResumed: boolean): Promise<void> {
    const { operation, content, file, uploads, options } = this;
    const { tree } = content;
    const { target, properties } = file;
    const first = isResumed && content.size !== undefined ? await this.firstAbsent(content.size) : 0;
    options.meter.add(Math.min(content.size ?? 0, first * CHUNK_SIZE));
    const sealed = sealChunks(operation, target, (signal) => content.chunks(first, signal), {
      properties,
      branchOf: (index) => tree?.branch(index),
      uploads,
      concurrency: options.chunksInFlight,
    });
    let pending = 0;
    for await (const chunk of sealed) {
      this.check(chunk, tree);
      this.size += chunk.length;
      if (tree === undefined && chunk.index % BRANCH_INTERVAL === 0) this.held.push(chunk);
      else await this.put(chunk);
      options.meter.add(chunk.length);
      pending++;
      if (!options.isResumable || pending < options.chunksPerCommit) continue;
      await this.changes.commit();
      await flushNow(operation);
      pending = 0;
    }
  }

  /** Links the file in its directory and closes its record, in one commit, which is sent (section 16.2 step 5). */
  async finish(directory: Item, recorded: RecordedUpload | undefined): Promise<Item> {
    const { operation, changes, file } = this;
    const { capability, signer } = file.target;
    const item = await operation.committer.withoutFlush(async () => {
      await this.putHeld();
      await changes.commit();
      const edit = new DirectoryEdit(operation, changes, await refresh(operation, directory));
      const entry = edit.add(entryForFile(file));
      await edit.apply();
      await recorded?.transactions.stageClose(operation, changes, recorded.file);
      await changes.commit();
      return openItem(operation, capability, { inheritedSigner: signer, entry });
    });
    // Nothing may fail or be cancelled after this.
    await flushNow(operation);
    this.options.meter.finish();
    return item;
  }

  private check({ index, leaf }: SealedFileChunk, tree: HashTree | undefined): void {
    if (tree === undefined) this.builder.addLeaf(leaf);
    else if (!equalBytes(leaf, tree.leaf(index) ?? new Uint8Array())) throw sourceChanged();
  }

  private async put({ index, location, sealed }: SealedFileChunk): Promise<void> {
    this.changes.put(this.file.target.signer, location.mapKey, await this.places.at(index), sealed);
  }

  private async putHeld(): Promise<void> {
    if (this.held.length === 0) return;
    const tree = this.builder.build();
    for (const chunk of this.held) {
      const properties: FileProperties = this.file.properties.with({
        size: this.size,
        treeHash: tree.branch(chunk.index),
        ...(chunk.index === 0 ? {} : { thumbnail: undefined }),
      });
      await this.put({ ...chunk, sealed: resealProperties(this.operation, this.file.target, chunk, properties) });
    }
  }

  /** The first chunk that is not there yet (section 16.3). */
  private async firstAbsent(size: number): Promise<number> {
    const { operation } = this;
    const { target }: { readonly target: FileTarget } = this.file;
    const locations = new TargetLocations(operation.crypto, target);
    return firstAbsent(chunkCount(size), async (indices) => {
      const cids = await cidsAt(
        operation,
        target.signer,
        indices.map((index) => locations.at(index)),
      );
      return cids.map((cid) => cid !== undefined);
    });
  }
}
