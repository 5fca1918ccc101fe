import { assertInstance } from '@pyrgos/core/arguments';
import { equalBytes } from '@pyrgos/core/bytes';
import { FormatError, LimitError, NotFoundError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import {
  CHUNK_SIZE,
  chunkCount,
  type ChunkLocation,
  chunkLocations,
  detectMimeType,
  FileProperties,
  MIME_HEAD_SIZE,
  Timestamp,
  transactionFileName,
  UploadTransaction,
} from '@pyrgos/core/model';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { DirectoryEdit } from '../structure/directory-edit.js';
import { fileChunkLocations } from '../structure/file-chunk-keys.js';
import { refresh } from '../structure/refresh.js';
import { FileReader, findChild, findEntry, findPath, Item, listChildren, type OperationView, splitPath, type View } from '../view/index.js';
import { getOrMakeSpecialDirectory } from '../structure/special-directories.js';
import type { ContentPorts } from './content-ports.js';
import { newFileSecrets, newFileTarget } from './file-target.js';
import { prepareContent } from './prepared-content.js';
import { entryForFile, type NewFile, stagedItem, stageSmallFile } from './stage-file.js';
import { cidsAt } from './tree-places.js';

/** An upload that was begun and not finished. */
export interface OpenUpload {
  readonly record: UploadTransaction;
  /** The file that holds the record. */
  readonly file: Item;
}

/** The directory of the records, in the home directory (chapter 04 section 11.2). */
const TRANSACTIONS_NAME = '.transactions';
/** Chunks of an unfinished upload that are looked for and removed at a time. */
const WINDOW = 1024;

/**
 * The records of uploads of more than one chunk (chapter 04 section 16): what lets an upload be resumed after a crash, and its chunks be
 * removed when it never is. They lie in the home directory and hold signing keys.
 */
export class UploadTransactions {
  /** `home` is the home directory, writable; an earlier version will do. */
  constructor(private readonly home: Item) {
    assertInstance('home', home, Item);
  }

  /** Whose tree holds the records: an operation that opens, closes or clears one must have reserved it. */
  get writer(): PublicKeyHash {
    return this.home.writer;
  }

  /** The identity whose uploads are recorded here. */
  get owner(): PublicKeyHash {
    return this.home.owner;
  }

  /** The directory of the records; undefined when there is none that can be opened. */
  async directory(view: View): Promise<Item | undefined> {
    const directory = await findEntry(view, await refresh(view, this.home), TRANSACTIONS_NAME);
    return directory?.isDangling === false && directory.isDirectory ? directory : undefined;
  }

  /** {@link UploadTransactions.directory}, made anew when somebody has deleted it: committed, not sent. */
  async getOrMakeDirectory(operation: OperationView, { mirrorBatId, clock }: ContentPorts): Promise<Item | undefined> {
    const home = await refresh(operation, this.home);
    return getOrMakeSpecialDirectory(operation, home, TRANSACTIONS_NAME, { mirrorBatId, clock });
  }

  /** The uploads that are open, in no order. Records that cannot be read are left out. */
  async list(view: View): Promise<readonly OpenUpload[]> {
    const directory = await this.directory(view);
    const open: OpenUpload[] = [];
    if (directory === undefined) return open;
    for await (const child of listChildren(view, directory)) {
      if (child.isDangling || child.isDirectory) continue;
      const record = await readRecord(view, child);
      if (record !== undefined) open.push({ record, file: child });
    }
    return open;
  }

  /** The record for a path, `user/dir/file`, and the file in its place, readable or not. */
  async find(
    view: View,
    directory: Item,
    path: string,
  ): Promise<{ readonly record: UploadTransaction | undefined; readonly file: Item } | undefined> {
    const file = await findChild(view, directory, transactionFileName(view.crypto, path));
    return file === undefined ? undefined : { record: file.isDirectory ? undefined : await readRecord(view, file), file };
  }

  /** Whether the operation sees a record still: somebody else may have finished or cleared the upload. */
  async has(view: View, { name, cid }: Item): Promise<boolean> {
    const directory = await this.directory(view);
    return directory !== undefined && (await findChild(view, directory, name))?.cid.equals(cid) === true;
  }

  /** Writes a new record; committed, not sent. ConflictError `conflict.exists` when there is one for its path. */
  async open(operation: OperationView, directory: Item, record: UploadTransaction): Promise<Item> {
    const { crypto } = operation;
    const bytes = record.encode();
    const name = record.fileName(crypto);
    const content = await prepareContent(operation, bytes);
    if (!content.isSmall) throw new LimitError('size of an upload record', bytes.length, CHUNK_SIZE);
    const time = Timestamp.fromMilliseconds(record.startTime);
    const target = newFileTarget(directory, newFileSecrets(crypto), undefined);
    const mimeType = detectMimeType(bytes.subarray(0, MIME_HEAD_SIZE), name);
    const { streamSecret } = target;
    const properties = FileProperties.of({ name, isDirectory: false, mimeType, size: bytes.length, modified: time, streamSecret });
    const file: NewFile = { target, properties };
    const changes = new ChunkChanges(operation);
    const edit = new DirectoryEdit(operation, changes, await refresh(operation, directory));
    const entry = edit.add(entryForFile(file));
    await edit.apply();
    const staged = await stageSmallFile(operation, changes, file, { data: bytes, tree: content.tree });
    await changes.commit();
    return stagedItem(operation, file, staged, entry);
  }

  /**
   * Notes in `changes` that a record is to go; nothing is committed. False, and nothing is noted, when the operation sees it no more: somebody else
   * has finished or cleared the upload. Who does so afterwards changes the same list: one of both commits is a conflict.
   */
  async stageClose(operation: OperationView, changes: ChunkChanges, file: Item): Promise<boolean> {
    const directory = await this.directory(operation);
    if (directory === undefined) return false;
    const edit = new DirectoryEdit(operation, changes, directory);
    edit.remove(file.capability);
    if ((await edit.apply()) > 0) return false;
    const signer = directory.requireSigner();
    for (const { mapKey } of await fileChunkLocations(operation, file)) changes.remove(signer, mapKey);
    return true;
  }

  /**
   * Removes the chunks of an unfinished upload and its record, in one commit (section 16.4). False, and nothing is removed, when the
   * operation sees the record no more: then the chunks may be those of a finished file, which has any name by now. Chunks whose writer is gone,
   * or that a directory lists after all, are left alone. The operation must have reserved the writers of both; ConflictError
   * `conflict.snapshot` otherwise.
   */
  async clear(operation: OperationView, { record, file }: OpenUpload): Promise<boolean> {
    return operation.committer.withoutFlush(async () => {
      const changes = new ChunkChanges(operation);
      if (!(await this.stageClose(operation, changes, file))) return false;
      const { writer: signer, owner } = record;
      const isOurs = owner.equals(operation.owner);
      const isThere = isOurs && (await operation.treeOf(owner, signer.publicKeyHash)) !== undefined;
      if (isThere && !(await this.isListed(operation, record))) await stageRemoval(operation, changes, record);
      await changes.commit();
      return true;
    });
  }

  /** Whether the file of a record is in its directory: then the upload was finished, whatever the record says. */
  private async isListed(operation: OperationView, { path, first }: UploadTransaction): Promise<boolean> {
    const home = await refresh(operation, this.home);
    // Some clients write their records with `\` between the names (section 16.1).
    for (const way of new Set([path, path.replaceAll('\\', '/')])) {
      const [user, ...names] = splitPath(way);
      if (user === home.name && (await isAt(operation, home, names, first))) return true;
    }
    return false;
  }
}

/** Whether the item at a path begins at this place. */
async function isAt(operation: OperationView, home: Item, names: readonly string[], { mapKey }: ChunkLocation): Promise<boolean> {
  try {
    const item = await findPath(operation, home, names.join('/'));
    return item !== undefined && equalBytes(item.capability.mapKey, mapKey);
  } catch (error) {
    if (error instanceof NotFoundError && error.code === 'not-found.file') return false;
    throw error;
  }
}

/** The record in a file, or undefined when it is none. */
async function readRecord(view: View, file: Item): Promise<UploadTransaction | undefined> {
  try {
    const reader = new FileReader(view, file);
    if (reader.size > CHUNK_SIZE) return undefined;
    return UploadTransaction.decode(await reader.read(0, reader.size));
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}

/**
 * Notes the removal of the chunks of an unfinished upload. They are a prefix of the file, but for what an earlier attempt has removed; a device
 * that resumes the upload meanwhile goes on behind it, and its chunks must not stay alone.
 */
async function stageRemoval(operation: OperationView, changes: ChunkChanges, record: UploadTransaction): Promise<void> {
  const { writer: signer, first, streamSecret, size } = record;
  const count = chunkCount(size);
  const places = chunkLocations(operation.crypto, streamSecret, first);
  let isEndKnown = false;
  for (let start = 0; start < count; start += WINDOW) {
    const window = Array.from({ length: Math.min(WINDOW, count - start) }, () => places.next().value);
    const cids = await cidsAt(operation, signer, window);
    const present = window.filter((_, i) => cids[i] !== undefined);
    const absent = window.find((_, i) => cids[i] === undefined);
    if (!isEndKnown && absent !== undefined) changes.rely(signer, absent.mapKey, undefined);
    isEndKnown ||= absent !== undefined;
    // A record may claim any size: what it claims costs no more than what is there.
    if (present.length === 0 && start > 0) return;
    for (const { mapKey } of present) changes.remove(signer, mapKey);
  }
}
