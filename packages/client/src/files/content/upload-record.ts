import { equalBytes } from '@pyrgos/core/bytes';
import { type FileProperties, ResumeUploadProps, UploadTransaction } from '@pyrgos/core/model';
import { systemClock } from '../../commit/index.js';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { type Item, type OperationView, pathOf } from '../view/index.js';
import { type ContentPorts, DEFAULT_CHUNKS_IN_FLIGHT } from './content-ports.js';
import { newFileTarget } from './file-target.js';
import type { PreparedContent } from './prepared-content.js';
import { firstAbsentChunk } from './present-chunks.js';
import { hasParent, matchingLeaves } from './resume-check.js';
import type { NewFile } from './stage-file.js';
import type { UploadOptions } from './upload-options.js';
import type { UploadTransactions } from './upload-transactions.js';

/** Trees of more chunks, of files beyond 300 GiB, are left out of records, which are files of one chunk. */
const MAX_RECORDED_LEAVES = 65_536;

/** What is there already of a file that is to be uploaded. */
export interface UploadedPart {
  /** Number of chunks. */
  readonly count: number;
  /** The SHA-256 of each; undefined when the tree of the content is known. */
  readonly leaves: readonly Uint8Array[] | undefined;
}

/** An upload that is recorded. */
export interface RecordedUpload {
  readonly transactions: UploadTransactions;
  readonly record: UploadTransaction;
  /** The file of the record. */
  readonly file: Item;
  /** The file that is uploaded, as the record has it. */
  readonly upload: NewFile;
  readonly part: UploadedPart;
}

/** What there is of a file of which nothing was uploaded. */
export const NO_PART: UploadedPart = { count: 0, leaves: [] };

/**
 * Opens the record of an upload, or finds out that one is to be resumed (chapter 04 sections 16.2 and 16.3). Undefined when there is
 * something else in the place for records, the content cannot be read again, or what an earlier upload has left is not in the reach of this operation.
 */
export async function recordUpload(
  operation: OperationView,
  ports: ContentPorts,
  directory: Item,
  upload: NewFile,
  content: PreparedContent,
  options: UploadOptions,
): Promise<RecordedUpload | undefined> {
  const { transactions } = options;
  const isRecordable = content.repeatable !== undefined && options.resume === undefined;
  if (!isRecordable || transactions?.owner.equals(directory.owner) !== true) return undefined;
  const records = await transactions.getOrMakeDirectory(operation, ports);
  if (records === undefined || equalBytes(records.capability.mapKey, directory.capability.mapKey)) return undefined;
  const path = await recordedPath(operation, directory, upload.properties.name);
  const found = await transactions.find(operation, records, path);
  if (found?.record !== undefined) {
    const { record, file } = found;
    const resumed = await resumedUpload(operation, ports, record, directory, upload, content, options);
    if (resumed !== undefined) return { transactions, record, file, ...resumed };
    if (!(await isInReach(operation, record))) return undefined;
    await transactions.clear(operation, { record, file });
  } else if (found !== undefined) {
    await operation.committer.withoutFlush(async () => {
      const changes = new ChunkChanges(operation);
      await transactions.stageClose(operation, changes, found.file);
      await changes.commit();
    });
  }
  const record = recordOf(path, upload, content, (ports.clock ?? systemClock).now());
  return { transactions, record, file: await transactions.open(operation, records, record), upload, part: NO_PART };
}

/**
 * Removes what an earlier upload to a path has left that is not going to be resumed, because there is a file by now: record and chunks.
 * Committed, not sent. What is not in the reach of this operation, or cannot be read, stays.
 */
export async function clearRecordOf(
  operation: OperationView,
  directory: Item,
  name: string,
  { transactions }: UploadOptions,
): Promise<void> {
  if (transactions?.owner.equals(directory.owner) !== true) return;
  const records = await transactions.directory(operation);
  if (records === undefined) return;
  const found = await transactions.find(operation, records, await recordedPath(operation, directory, name));
  if (found?.record === undefined || !(await isInReach(operation, found.record))) return;
  await transactions.clear(operation, { record: found.record, file: found.file });
}

/** The path of a file in a directory as records have it. */
async function recordedPath(operation: OperationView, directory: Item, name: string): Promise<string> {
  return `${(await pathOf(operation, directory)).slice(1)}/${name}`;
}

/** Whether an operation may remove the chunks of a recorded upload: it has reserved their writer, or that is gone. */
async function isInReach(operation: OperationView, { writer }: UploadTransaction): Promise<boolean> {
  const { publicKeyHash } = writer;
  return operation.snapshot.has(publicKeyHash) || (await operation.treeOf(operation.owner, publicKeyHash)) === undefined;
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

/** The file of a record and what there is of it, when that is a part of what is to be uploaded now. */
async function resumedUpload(
  operation: OperationView,
  ports: ContentPorts,
  record: UploadTransaction,
  directory: Item,
  upload: NewFile,
  content: PreparedContent,
  options: UploadOptions,
): Promise<Pick<RecordedUpload, 'upload' | 'part'> | undefined> {
  const { keys, hashTree, size } = record;
  const isSamePlace = record.owner.equals(directory.owner) && record.writer.publicKeyHash.equals(directory.writer);
  if (keys === undefined || !isSamePlace || size !== content.size) return undefined;
  const { properties, rBaseKey, wBaseKey, dataKey } = keys;
  const { streamSecret } = properties;
  const isSound = properties.name === upload.properties.name && properties.size === size && !properties.isDirectory;
  if (!isSound || streamSecret === undefined || !equalBytes(streamSecret, record.streamSecret)) return undefined;
  const secrets = ResumeUploadProps.of({ rBaseKey, wBaseKey, dataKey, first: record.first, streamSecret });
  const target = newFileTarget(directory, secrets, upload.target.mirrorBatId);
  const resumed: NewFile = { target, properties: resumedProperties(properties, upload.properties, options) };
  const isKnown = hashTree !== undefined && content.tree !== undefined;
  if (isKnown && !hashTree.root.equals(content.tree?.root)) return undefined;
  const part = await uploadedPart(operation, ports, resumed, content, isKnown);
  return part === undefined ? undefined : { upload: resumed, part };
}

/** The properties that the upload was begun with, but for those that the call names now. */
function resumedProperties(begun: FileProperties, now: FileProperties, options: UploadOptions): FileProperties {
  return begun.with({
    modified: options.modified ?? begun.modified,
    created: options.created ?? begun.created,
    isHidden: options.isHidden ?? begun.isHidden,
    mimeType: options.mimeType ?? begun.mimeType,
    thumbnail: options.thumbnail ?? begun.thumbnail ?? now.thumbnail,
  });
}

/**
 * What there is of an upload (section 16.3); undefined when that is of other content, or belongs to another directory. `isTrusted`: the hash of what
 * was uploaded is known to be that of the content.
 */
export async function uploadedPart(
  operation: OperationView,
  ports: ContentPorts,
  { target }: NewFile,
  content: PreparedContent,
  isTrusted: boolean,
): Promise<UploadedPart | undefined> {
  const count = await firstAbsentChunk(operation, target, content.size ?? 0);
  if (count > 0 && !(await hasParent(operation, target))) return undefined;
  if (isTrusted) return { count, leaves: undefined };
  const leaves = await matchingLeaves(operation, target, content, count, ports.chunksInFlight ?? DEFAULT_CHUNKS_IN_FLIGHT);
  return leaves === undefined ? undefined : { count, leaves };
}
