import { ConflictError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import {
  type AbsoluteCapability,
  assertLegalName,
  type ChunkLocation,
  FileProperties,
  NamedRelativeCapability,
  type Thumbnail,
  Timestamp,
} from '@pyrgos/core/model';
import { systemClock } from '../../commit/index.js';
import { callersCode } from '../../waiting/code-of-callers.js';
import { untilAborted } from '../../waiting/until-aborted.js';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { DirectoryEdit } from '../structure/directory-edit.js';
import { otherKind } from '../structure/other-kind.js';
import { refresh } from '../structure/refresh.js';
import { DanglingEntry, findEntry, type Item, type OperationView } from '../view/index.js';
import { assertRoom } from './assert-room.js';
import type { ByteSource } from './byte-source.js';
import { assertContentCall, assertUploadOptions } from './content-arguments.js';
import type { ContentPorts } from './content-ports.js';
import { ProgressMeter } from './content-progress.js';
import { newFileSecrets, newFileTarget } from './file-target.js';
import { catchUp, changedMeanwhile } from './flush-now.js';
import { mimeTypeOf } from './mime-type-of.js';
import { lentThumbnail } from './make-thumbnail.js';
import { type PreparedContent, prepareContent } from './prepared-content.js';
import { isUnchanged, setPreparedContent } from './set-content.js';
import { entryForFile, type NewFile, type StagedFile, stagedItem, stageSmallFile } from './stage-file.js';
import { cidsAt } from './tree-places.js';
import { uploadLargeFile } from './upload-large-file.js';
import type { UploadOptions, UploadResult } from './upload-options.js';
import { clearRecordOf } from './upload-record.js';

/**
 * Uploads a file into a directory (chapter 04 sections 14 and 16). Committed when it returns; sent with the operation, but for content of
 * more than one chunk, which is sent before it returns (so it must not run inside `withoutFlush`). Nothing of the file is visible before
 * all of it is.
 *
 * With `onExisting: 'replace'` a file of this name keeps its capability, so that shares of it stay valid, and gets the content in one piece;
 * when it has it already nothing is changed. Content of more than one chunk is recorded in `transactions`, if it can be read again: then an
 * upload that fails half-way is resumed by the next one with the same content.
 *
 * `prepared` is the content of the source, when it was looked at already. While code of the caller runs, a source or `onExisting`, other operations
 * may change the same writers: ConflictError `conflict.snapshot` when they have changed what this one has read.
 *
 * ConflictError `conflict.exists` for a name in use, `conflict.file` for that of a directory where a file may be replaced, `conflict.source` when the content changes while it is read; ArgumentError or
 * LimitError for an illegal name; DeniedError `denied.file` without write access; errors of the source as they are; AbortedError.
 */
export async function uploadFile(
  operation: OperationView,
  ports: ContentPorts,
  directory: Item,
  name: string,
  source: ByteSource,
  options: UploadOptions = {},
  prepared?: PreparedContent,
): Promise<UploadResult> {
  assertContentCall(operation, ports, 'directory', directory, options);
  assertUploadOptions(options);
  assertLegalName(name);
  let parent = await refresh(operation, directory);
  parent.requireDirectory().requireSigner();
  const existing = await findEntry(operation, parent, name);
  const prepare = async (): Promise<PreparedContent> => prepared ?? prepareContent(operation, source, options.hashTree);
  if (existing !== undefined) return replaceExisting(operation, ports, parent, existing, prepare, options);
  const content = await prepare();
  const looks = await looksOf(operation, ports, name, content, options);
  if (operation.wasLent) {
    await catchUp(operation, [directory.writer]);
    parent = await refresh(operation, directory);
    if ((await findEntry(operation, parent, name)) !== undefined) throw changedMeanwhile();
  }
  if (content.isSmall) await assertRoom(ports, content.size ?? 0, operation.signal);
  const file = describeFile(operation, ports, parent, name, content, { ...options, ...looks });
  const item = content.isSmall
    ? await uploadSmallFile(operation, parent, file, content, options)
    : await uploadLargeFile(operation, ports, parent, file, content, options);
  return { item, outcome: 'created' };
}

/** {@link uploadFile} when the directory lists something under this name; without a directory for a file that is reached without one. */
export async function replaceExisting(
  operation: OperationView,
  ports: ContentPorts,
  directory: Item | undefined,
  existing: Item | DanglingEntry,
  prepare: () => Promise<PreparedContent>,
  options: UploadOptions,
): Promise<UploadResult> {
  const { onExisting = 'error' } = options;
  if (existing instanceof DanglingEntry || onExisting === 'error') {
    throw new ConflictError('conflict.exists', 'There is a file or directory with this name already.');
  }
  if (existing.isDirectory) throw otherKind(true);
  if (onExisting === 'skip') return { item: existing, outcome: 'skipped' };
  const current = await refresh(operation, existing);
  current.requireFile().requireSigner();
  const content = await prepare();
  const compare = async (): Promise<boolean> => isUnchanged(operation, current, content, options);
  // To read all of a long file takes its time.
  const isSame = content.isSmall ? await compare() : (await operation.lend(compare)).result;
  if (onExisting !== 'replace' && !isSame) {
    const { result } = await operation.lend(async () =>
      untilAborted(async () => callersCode(async () => onExisting(current)), operation.signal, 'asking about an existing file'),
    );
    if (result === 'skip') return { item: current, outcome: 'skipped' };
  }
  if (operation.wasLent) {
    await catchUp(operation, [current.writer]);
    if (!(await refresh(operation, current)).cid.equals(current.cid)) throw changedMeanwhile();
  }
  if (!content.isSmall && directory !== undefined) await clearRecordOf(operation, directory, current.name, options);
  // What was compared is not read again.
  const alsoCommit = async (file: Item): Promise<Item> => (directory === undefined ? file : updateListedType(operation, directory, file));
  return setPreparedContent(operation, ports, current, content, { ...options, trustsHash: isSame, alsoCommit });
}

/** The directory's list says of what type its files are: it must not lie when another content has another. */
export async function updateListedType(operation: OperationView, directory: Item, file: Item): Promise<Item> {
  const { name, link } = file.entry ?? {};
  const { mimeType, created } = file.opened.properties;
  if (name === undefined || !(link instanceof NamedRelativeCapability) || link.mimeType === mimeType) return file;
  const { capability } = file.link ?? file;
  const changes = new ChunkChanges(operation);
  const edit = new DirectoryEdit(operation, changes, await refresh(operation, directory));
  edit.replace(capability, { name, capability, isDirectory: false, mimeType, created: link.created ?? created });
  await edit.apply();
  await changes.commit();
  return file;
}

/** What a new file looks like in a list. */
export interface Looks {
  readonly mimeType: string;
  readonly thumbnail: Thumbnail | undefined;
}

/** Type and thumbnail of a new file; the operation lends its turn to the thumbnailer. */
export async function looksOf(
  operation: OperationView,
  ports: ContentPorts,
  name: string,
  content: PreparedContent,
  options: UploadOptions,
): Promise<Looks> {
  const mimeType = options.mimeType ?? mimeTypeOf(content.head, name, options.fallbackMimeType);
  const thumbnail =
    options.thumbnail ?? (await lentThumbnail(operation, ports.thumbnailer, content.repeatable, mimeType, options.thumbnailOnce));
  return { mimeType, thumbnail };
}

/** Keys and properties of a new file. */
export function describeFile(
  operation: OperationView,
  ports: ContentPorts,
  directory: Item,
  name: string,
  content: PreparedContent,
  options: UploadOptions & Looks,
): NewFile {
  const { isHidden, resume, mimeType, thumbnail } = options;
  const modified = options.modified ?? Timestamp.now(ports.clock ?? systemClock);
  const target = newFileTarget(directory, resume ?? newFileSecrets(operation.crypto), ports.mirrorBatId);
  const { streamSecret } = target;
  const properties = FileProperties.of({
    name,
    isDirectory: false,
    isHidden,
    mimeType,
    size: content.size ?? 0,
    modified,
    created: options.created ?? modified,
    thumbnail,
    streamSecret,
  });
  return { target, properties };
}

async function uploadSmallFile(
  operation: OperationView,
  directory: Item,
  file: NewFile,
  content: PreparedContent,
  options: UploadOptions,
): Promise<Item> {
  const [existing] = await placesOfUpload(operation, directory, [file.target.capability]);
  const changes = new ChunkChanges(operation);
  const edit = new DirectoryEdit(operation, changes, directory);
  const entry = edit.add(entryForFile(file));
  await edit.apply();
  let staged: StagedFile | undefined;
  for await (const { data, leaf } of content.chunks(0, operation.signal)) {
    staged = await stageSmallFile(operation, changes, file, { data, leaf, tree: content.tree }, existing);
  }
  await changes.commit();
  const meter = new ProgressMeter(content.size ?? 0, options.onProgress);
  meter.add(content.size ?? 0);
  meter.finish();
  return stagedItem(operation, file, staged as StagedFile, entry);
}

/**
 * What is at the places of new files, undefined for nothing. Brings with the same requests into the caches what changing the directory's
 * list and the tree needs.
 */
async function placesOfUpload(
  operation: OperationView,
  directory: Item,
  capabilities: readonly AbsoluteCapability[],
): Promise<readonly Awaited<ReturnType<typeof cidsAt>>[number][]> {
  const { next } = directory.opened;
  const locations = [
    ...capabilities.map(({ location }) => location),
    directory.capability.location,
    ...(next === undefined ? [] : [next.location]),
  ];
  return (await cidsAt(operation, directory.requireSigner(), locations)).slice(0, capabilities.length);
}

/** {@link placesOfUpload} for new files of many directories, whose places are random: only what their changes need is brought into the caches. */
export async function readAheadOfUploads(
  operation: OperationView,
  uploads: readonly { readonly directory: Item; readonly capability: AbsoluteCapability }[],
): Promise<void> {
  const bySigner = new Map<string, { readonly signer: Signer; readonly locations: ChunkLocation[]; readonly directories: Set<Item> }>();
  for (const { directory, capability } of uploads) {
    const signer = directory.requireSigner();
    const { key } = signer.publicKeyHash;
    const group = bySigner.get(key) ?? { signer, locations: [], directories: new Set<Item>() };
    bySigner.set(key, group);
    group.locations.push(capability.location);
    if (group.directories.has(directory)) continue;
    group.directories.add(directory);
    const { next } = directory.opened;
    group.locations.push(directory.capability.location, ...(next === undefined ? [] : [next.location]));
  }
  for (const { signer, locations } of bySigner.values()) await cidsAt(operation, signer, locations);
}
