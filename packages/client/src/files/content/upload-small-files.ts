import { assertList, assertObject, assertString } from '@pyrgos/core/arguments';
import type { Cid } from '@pyrgos/core/codec';
import { AbortedError, ConflictError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { assertLegalName, CHUNK_SIZE, type ChildEntry } from '@pyrgos/core/model';
import { callersCodeNow, isCallersError } from '../../waiting/code-of-callers.js';
import { forEachAtOnce } from '../../waiting/for-each-at-once.js';
import { errorAt } from '../error-at-path.js';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { DirectoryEdit } from '../structure/directory-edit.js';
import { refresh } from '../structure/refresh.js';
import {
  type ChunkPosition,
  type DanglingEntry,
  type Item,
  listEntries,
  openEntries,
  type OperationView,
  readAheadOfLists,
} from '../view/index.js';
import { RoomForMany } from './assert-room.js';
import { type ByteSource, openSource } from './byte-source.js';
import { assertContentCall, assertUploadOptions } from './content-arguments.js';
import type { ContentPorts } from './content-ports.js';
import { flushNow } from './flush-now.js';
import { type PreparedContent, prepareContent } from './prepared-content.js';
import { entryForFile, type NewFile, stageSmallFile } from './stage-file.js';
import { describeFile, looksOf, readAheadOfUploads, replaceExisting } from './upload-file.js';
import type { UploadOptions, UploadResult } from './upload-options.js';

/** One of many files to upload. */
export interface FileToUpload extends Pick<
  UploadOptions,
  'modified' | 'created' | 'isHidden' | 'mimeType' | 'fallbackMimeType' | 'thumbnail' | 'thumbnailOnce' | 'hashTree' | 'trustsHash'
> {
  readonly name: string;
  readonly source: ByteSource;
}

/** What came of one of many files. */
export interface FileOutcome<F> {
  readonly file: F;
  readonly outcome: UploadResult['outcome'] | 'failed';
  /** Why it failed. */
  readonly error?: unknown;
}

/** How many files are uploaded. */
export interface UploadFilesOptions<F> {
  /** Asked for a file whose name is in use for other content; default: skip it. */
  readonly onExisting?: ((file: F, existing: Item) => Promise<'replace' | 'skip'> | 'replace' | 'skip') | undefined;
  /**
   * Asked when a file cannot be uploaded for a reason of its own: its source fails or changes, its name is illegal or that of a directory.
   * Default: the whole upload fails.
   */
  readonly onError?: ((file: F, error: unknown) => 'skip' | 'abort') | undefined;
  /** The path of a file in the words of the caller, for what goes wrong with it; default: errors name none. */
  readonly pathOf?: ((file: F) => string) | undefined;
}

/** Bytes of files that are committed together (chapter 04 section 17). */
const GROUP_SIZE = 10_485_760;
/** Files that are committed together: about as many as are sent together, because trees and lists that are replaced before cost time and memory. */
const GROUP_COUNT = 2000;
/** Bytes that gather before they are sent: less than a commit waits for, because there are objects for each small file as well. */
const BUFFER_SIZE = 8_388_608;
/** Files whose contents are in memory at a time: as many as four requests look up, all of them in flight at a time, with the directory itself. */
const BATCH_COUNT = 4 * MAX_CHAMP_LOOKUPS - 2;
/** Sources that are read at a time. */
const READS_IN_FLIGHT = 8;
/** Directories whose lists are read at a time. */
const LISTS_IN_FLIGHT = 8;

/** Bytes of a file that fits into one chunk and may be uploaded together with others; undefined for any other. */
export function groupableSize(source: ByteSource): number | undefined {
  const { size } = openSource(source);
  return size !== undefined && size <= CHUNK_SIZE ? size : undefined;
}

/** Files of one directory. */
export interface FilesOfDirectory<F> {
  /** Writable; an earlier version will do. Named once. */
  readonly directory: Item;
  readonly files: readonly F[];
}

/**
 * Uploads files of one chunk into one directory, smallest first, in groups of which each changes the directory's list once (chapter 04
 * section 17). Each group is committed in one piece: no commit holds a file without its entry. Sent with the operation, or before when
 * much has gathered. Resolves to what came of each.
 */
export async function uploadSmallFiles<F extends FileToUpload>(
  operation: OperationView,
  ports: ContentPorts,
  directory: Item,
  files: readonly F[],
  options: UploadFilesOptions<F> = {},
): Promise<readonly FileOutcome<F>[]> {
  assertContentCall(operation, ports, 'directory', directory, options);
  assertList('files', files);
  for (const file of files) assertFileToUpload(file);
  return uploadIntoDirectories(operation, ports, [{ directory, files }], options);
}

/** {@link uploadSmallFiles} for many directories, whose files share the groups: few commits, and what is read before is read at the same time. */
export async function uploadIntoDirectories<F extends FileToUpload>(
  operation: OperationView,
  ports: ContentPorts,
  folders: readonly FilesOfDirectory<F>[],
  options: UploadFilesOptions<F> = {},
  room: RoomForMany = new RoomForMany(ports),
): Promise<readonly FileOutcome<F>[]> {
  const outcomes: FileOutcome<F>[] = [];
  const lists = folders.map(({ directory, files }) => new ListUpload(operation, directory, files));
  const names = new Map(folders.map(({ directory, files }) => [directory, new Set(files.map(({ name }) => name))]));
  await readAheadOfLists(
    operation,
    [...names.keys()],
    (directory, { name }) => name !== undefined && names.get(directory)?.has(name) === true,
  );
  await forEachAtOnce(lists, LISTS_IN_FLIGHT, async (list) => list.read());
  const upload = new GroupUpload(operation, ports, options, room);
  for (const group of groupsOf(lists)) {
    outcomes.push(...(await operation.committer.withoutFlush(() => upload.run(group))));
    if (operation.committer.blocks.size >= BUFFER_SIZE) await flushNow(operation);
  }
  return outcomes;
}

/** Checks what a caller in plain JavaScript can get wrong; illegal names are the fault of one file and found later. */
export function assertFileToUpload(file: FileToUpload): void {
  assertObject('file', file);
  assertUploadOptions(file);
  assertString('file.name', file.name);
  openSource(file.source);
}

/** Files of one directory that are committed together. */
interface GroupPart<F extends FileToUpload> {
  readonly list: ListUpload<F>;
  readonly files: F[];
}

/** Smallest first, so that many become visible soon (section 17); directory by directory. */
function groupsOf<F extends FileToUpload>(lists: readonly ListUpload<F>[]): (readonly GroupPart<F>[])[] {
  const groups: GroupPart<F>[][] = [];
  let open: GroupPart<F>[] | undefined;
  let total = 0;
  let count = 0;
  for (const list of lists) {
    const sized = list.files.map((file) => ({ file, size: groupableSize(file.source) ?? CHUNK_SIZE }));
    sized.sort((a, b) => a.size - b.size);
    for (const { file, size } of sized) {
      if (open === undefined || total + size > GROUP_SIZE || count >= GROUP_COUNT) {
        groups.push((open = []));
        total = 0;
        count = 0;
      }
      const last = open.at(-1);
      if (last?.list === list) last.files.push(file);
      else open.push({ list, files: [file] });
      total += size;
      count++;
    }
  }
  return groups;
}

/** A file whose name is in use; its source was read. */
interface PreparedFile<F extends FileToUpload> {
  readonly list: ListUpload<F>;
  readonly file: F;
  readonly content: PreparedContent;
  readonly existing: Item | DanglingEntry;
}

/** What a new file is to become. */
interface NewSmallFile<F extends FileToUpload> {
  readonly part: OpenPart<F>;
  readonly file: F;
  readonly content: PreparedContent;
  readonly upload: NewFile;
}

/** One directory on its way through all groups. */
class ListUpload<F extends FileToUpload> {
  /** Names of files so far. */
  readonly names = new Set<string>();
  /** What the directory lists under the names of the files. */
  private readonly listed = new Map<string, ChildEntry>();
  /** The chunk of the list that was written last, and the tree that has it. */
  private end: { readonly position: ChunkPosition; readonly tree: Cid | undefined } | undefined;

  constructor(
    private readonly operation: OperationView,
    readonly directory: Item,
    readonly files: readonly F[],
  ) {}

  /** Finds out which of the names are in use. */
  async read(): Promise<void> {
    const { operation, directory, files, listed } = this;
    const parent = (await refresh(operation, directory)).requireDirectory();
    parent.requireSigner();
    if (files.length === 0) return;
    const wanted = new Set(files.map(({ name }) => name));
    // Large lists would fill the cache, and with it memory for the rest of the upload.
    for await (const entry of listEntries(operation, parent, { isKept: false })) {
      if (entry.name !== undefined && wanted.has(entry.name)) listed.set(entry.name, entry);
    }
  }

  /** The directory as it is now, opened for changes of its list, and what it has under the names of some files. */
  async open(changes: ChunkChanges, files: readonly F[]): Promise<OpenPart<F>> {
    const { operation } = this;
    const parent = await refresh(operation, this.directory);
    const edit = new DirectoryEdit(operation, changes, parent, { from: await this.knownEnd(), isKept: false });
    const entries = files.flatMap(({ name }) => this.listed.get(name) ?? []);
    const items = await openEntries(operation, parent, entries);
    return { list: this, files, parent, edit, existing: new Map(items.map((item, i) => [entries[i]?.name ?? '', item])) };
  }

  /** Takes note of where the list ends after a group. */
  async close({ edit }: OpenPart<F>): Promise<void> {
    if (edit.end !== undefined) this.end = { position: edit.end, tree: await this.tree() };
  }

  /** Where the list was longest after the group before this one, if nobody has changed the tree since: what is before that is known. */
  private async knownEnd(): Promise<ChunkPosition | undefined> {
    const { end } = this;
    return end !== undefined && end.tree?.equals(await this.tree()) === true ? end.position : undefined;
  }

  private async tree(): Promise<Cid | undefined> {
    return this.operation.treeOf(this.directory.owner, this.directory.writer);
  }
}

/** A directory that a group changes. */
interface OpenPart<F extends FileToUpload> {
  readonly list: ListUpload<F>;
  readonly files: readonly F[];
  readonly parent: Item;
  readonly edit: DirectoryEdit;
  readonly existing: ReadonlyMap<string, Item | DanglingEntry>;
}

/** Uploads groups of files. */
class GroupUpload<F extends FileToUpload> {
  constructor(
    private readonly operation: OperationView,
    private readonly ports: ContentPorts,
    private readonly options: UploadFilesOptions<F>,
    private readonly room: RoomForMany,
  ) {}

  async run(group: readonly GroupPart<F>[]): Promise<readonly FileOutcome<F>[]> {
    const { operation, ports } = this;
    const outcomes: FileOutcome<F>[] = [];
    const listed: PreparedFile<F>[] = [];
    const created: F[] = [];
    const changes = new ChunkChanges(operation);
    const parts: OpenPart<F>[] = [];
    await forEachAtOnce(group, LISTS_IN_FLIGHT, async ({ list, files }) => void parts.push(await list.open(changes, files)));
    // In the order in which they were given.
    const position = new Map(group.map(({ list }, i) => [list, i]));
    parts.sort((a, b) => (position.get(a.list) ?? 0) - (position.get(b.list) ?? 0));
    const wanted = parts.flatMap((part) => part.files.map((file) => ({ part, file })));
    await this.room.require(
      wanted.filter(({ part, file }) => !part.existing.has(file.name)).map(({ file }) => groupableSize(file.source) ?? 0),
      operation.signal,
    );
    for (let start = 0; start < wanted.length; start += BATCH_COUNT) {
      const added: NewSmallFile<F>[] = [];
      await forEachAtOnce(wanted.slice(start, start + BATCH_COUNT), READS_IN_FLIGHT, async ({ part, file }) => {
        const { list, parent, existing } = part;
        try {
          assertLegalName(file.name);
          if (list.names.has(file.name)) throw new ConflictError('conflict.exists', 'Two files of this name are to be uploaded.');
          list.names.add(file.name);
          const content = await prepareContent(operation, file.source, file.hashTree);
          const before = existing.get(file.name);
          if (before === undefined) {
            const looks = await looksOf(operation, ports, file.name, content, file);
            added.push({ part, file, content, upload: describeFile(operation, ports, parent, file.name, content, { ...file, ...looks }) });
          } else {
            listed.push({ list, file, content, existing: before });
          }
        } catch (error) {
          outcomes.push(this.failed(file, error));
        }
      });
      await this.stage(changes, added);
      for (const { file } of added) created.push(file);
    }
    for (const { edit } of parts) if (edit.hasAdditions) await edit.apply();
    await changes.commit();
    for (const file of created) outcomes.push({ file, outcome: 'created' });
    for (const { list, file, content, existing } of listed) outcomes.push(await this.replace(list.directory, file, content, existing));
    for (const part of parts) await part.list.close(part);
    return outcomes;
  }

  /** Encrypts new files and notes them with their entries; nothing of their contents is held afterwards but the blocks. */
  private async stage(changes: ChunkChanges, added: readonly NewSmallFile<F>[]): Promise<void> {
    const { operation } = this;
    await readAheadOfUploads(
      operation,
      added.map(({ part, upload }) => ({ directory: part.parent, capability: upload.target.capability })),
    );
    for (const { part, content, upload } of added) {
      part.edit.add(entryForFile(upload));
      for await (const { data, leaf } of content.chunks(0, operation.signal)) {
        await stageSmallFile(operation, changes, upload, { data, leaf, tree: content.tree });
      }
    }
  }

  private async replace(directory: Item, file: F, content: PreparedContent, existing: Item | DanglingEntry): Promise<FileOutcome<F>> {
    const { operation, ports, options } = this;
    const onExisting = async (item: Item): Promise<'replace' | 'skip'> => (await options.onExisting?.(file, item)) ?? 'skip';
    try {
      const replacesNothing = options.onExisting === undefined;
      const how = {
        ...file,
        onExisting,
        trustsHash: file.trustsHash ?? (replacesNothing ? true : undefined),
        keepsProperties: replacesNothing,
      };
      const { outcome } = await replaceExisting(operation, ports, directory, existing, async () => content, how);
      return { file, outcome };
    } catch (error) {
      return this.failed(file, error);
    }
  }

  private failed(file: F, error: unknown): FileOutcome<F> {
    return failedOutcome(file, error, this.options, this.operation.signal);
  }
}

/**
 * What comes of a file that cannot be uploaded, when that is its own fault and `onError` lets it pass; otherwise throws the error, and in any case that of a
 * cancelled upload.
 */
export function failedOutcome<F>(
  file: F,
  reason: unknown,
  { onError, pathOf }: Pick<UploadFilesOptions<F>, 'onError' | 'pathOf'>,
  signal: AbortSignal | undefined,
): FileOutcome<F> {
  const error = pathOf === undefined ? reason : errorAt(reason, () => pathOf(file));
  // A source may have a signal of its own, which ends nothing but the source. What it throws may be anything, and is not looked at.
  const isAborted = signal?.aborted === true || (!isCallersError(error) && error instanceof AbortedError);
  if (isAborted || !isOwnFault(error) || onError === undefined || callersCodeNow(() => onError(file, error)) !== 'skip') throw error;
  return { file, outcome: 'failed', error };
}

/** Whether an error says something about one file, not about the server or the directory, nor that somebody else was faster. */
function isOwnFault(error: unknown): boolean {
  if (isCallersError(error) || !(error instanceof PyrgosError)) return true;
  // A path that leads through a file, or to a directory; the directory of the call is no fault of a file.
  if (error.code === 'conflict.file') return error.data['isDirectory'] !== undefined && error.data['field'] !== 'directory';
  return ['argument', 'limit', 'conflict.exists', 'conflict.source'].includes(error.code);
}
