import { assertString } from '@pyrgos/core/arguments';
import { ArgumentError, NotFoundError } from '@pyrgos/core/errors';
import { assertLegalName, CHUNK_SIZE } from '@pyrgos/core/model';
import { isCallersError } from '../waiting/code-of-callers.js';
import { onlyForward } from '../waiting/progress.js';
import { askedOnce } from './content/asked-once.js';
import { type ByteSource, openSource } from './content/byte-source.js';
import { assertUploadOptions } from './content/content-arguments.js';
import { type UploadOptions, uploadFile, UploadTransactions } from './content/index.js';
import { CallerSource } from './content/lent-source.js';
import { thumbnailOnce } from './content/make-thumbnail.js';
import { prepareContent, type PreparedContent } from './content/prepared-content.js';
import { FileEntry } from './file-entry.js';
import { assertFlag, assertMimeType, assertNewName, claimedMimeType, existingAnswer, timestampOf } from './file-system-arguments.js';
import type { ExistingAnswer, WriteOptions, Written } from './file-system-options.js';
import { assertNotOfSystem, formatPath, isOtherKind, isPassing } from './file-tree.js';
import {
  assertChangeable,
  assertRoot,
  type FileSystemParts,
  portsOf,
  requireDirectory,
  reserve,
  reserveDeepest,
} from './file-tree-parts.js';
import { changed, type IfVersion, requireVersion } from './file-version.js';
import { replaceExisting } from './content/upload-file.js';
import type { FileTree } from './file-tree.js';
import { getOrMakeDirectories } from './structure/index.js';
import { type DanglingEntry, findEntry, Item, openItem, splitPath, versionOf, type View } from './view/index.js';

/**
 * What `FileSystem.write` does. The source is looked at, and content of one chunk read, before the change has its turn, and once however often
 * the change is repeated; so is `onExisting` asked once about each version of the file. What is read later lends the turn.
 */
export async function writeFile(parts: FileSystemParts, path: string, source: ByteSource, options: WriteOptions): Promise<Written> {
  const { tree, home: homeCapability } = parts;
  const { signal, parents = false, modified, created, onExisting = 'replace', onProgress, ifVersion, ...rest } = options;
  const names = splitPath(path);
  const name = names.at(-1) ?? '';
  const above = names.slice(0, -1);
  assertFlag('options.parents', parents);
  if (above.length === 0) throw new ArgumentError('path', 'must be inside a home directory');
  for (const part of parents ? names : [name]) assertLegalName(part, 'path');
  assertNotOfSystem(names, tree.username);
  assertIfVersion({ ifVersion });
  if (ifVersion !== undefined && onExisting !== 'replace') {
    throw new ArgumentError('ifVersion', 'is for replacing: without a file there is no version');
  }
  const ask = async (existing: Item): Promise<ExistingAnswer> =>
    typeof onExisting === 'function' ? existingAnswer(await onExisting(new FileEntry(formatPath(names), existing))) : 'skip';
  const upload: UploadOptions = {
    ...rest,
    fallbackMimeType: claimedMimeType(source),
    modified: timestampOf('options.modified', modified),
    created: timestampOf('options.created', created),
    onExisting: typeof onExisting === 'function' ? askedOnce(ask) : onExisting,
    onProgress: onlyForward(onProgress),
    thumbnailOnce: thumbnailOnce(),
  };
  assertUploadOptions(upload);
  assertMimeType('options.mimeType', rest.mimeType);
  const opened = openSource(source);
  const caller = new CallerSource(opened);
  const content = caller.wrap(source);
  // What another session has left of it a moment ago is resumed only if it is seen.
  const isResumable = opened.isRepeatable && (opened.size ?? 0) > CHUNK_SIZE;
  let prepared: PreparedContent | undefined;
  const { item, outcome } = await onlyIfVersion(parts, path, { signal, ifVersion }, async () =>
    tree.change(
      { signal, isFresh: isResumable || ifVersion !== undefined, isRepeatable: () => prepared?.isWhole ?? !caller.isSpent },
      async (view, hasTurn) => {
        if (parents) await assertRoot(tree, view, names, 'path');
        const shared = tree.isOwn(names) ? undefined : await sharedFile(tree, view, names);
        if (shared !== undefined) {
          if (!hasTurn && isWritten(shared, upload)) prepared ??= await prepareContent(view, content, rest.hashTree);
          return { ...reserve({ names, item: shared }), deepest: shared, missing: [], home: undefined, shared };
        }
        const reserved = parents ? await reserveDeepest(parts, view, above) : reserve(await tree.locate(view, formatPath(above)));
        const { item: deepest, paths, depth = above.length } = { depth: undefined, ...reserved };
        assertChangeable(tree, { names: above.slice(0, depth), item: deepest });
        // Records of another owner could not be committed together with the file.
        const home = deepest.owner.equals(homeCapability.owner) ? await openItem(view, homeCapability) : undefined;
        const existing = depth < above.length ? undefined : await findEntry(view, requireDirectory(deepest, 'path', above), name);
        for (const part of [...above.slice(depth), ...(existing === undefined ? [name] : [])]) assertNewName(part, 'path');
        const writers = [
          deepest.writer,
          ...(home === undefined ? [] : [home.writer]),
          ...(existing instanceof Item ? [existing.writer] : []),
        ];
        // Reading the source runs code of the caller, for which the operation lends its turn.
        if (!hasTurn && isWritten(existing, upload)) prepared ??= await prepareContent(view, content, rest.hashTree);
        return { owner: deepest.owner, writers, paths, deepest, missing: above.slice(depth), home, shared: undefined };
      },
      async (operation, { deepest, missing, home, shared }) => {
        const ports = portsOf(parts, deepest.owner);
        if (shared !== undefined) {
          if (ifVersion !== undefined) await requireVersion(operation, shared, { ifVersion });
          const prepare = async (): Promise<PreparedContent> => prepared ?? prepareContent(operation, content, rest.hashTree);
          return caller.during(operation, async () => replaceExisting(operation, ports, shared, shared, prepare, upload));
        }
        const { mirrorBatId, clock } = ports;
        const parent = missing.length === 0 ? deepest : await getOrMakeDirectories(operation, deepest, missing, { mirrorBatId, clock });
        if (ifVersion !== undefined) await requireVersion(operation, await findEntry(operation, parent, name), { ifVersion });
        return caller.during(operation, async () =>
          uploadFile(
            operation,
            ports,
            parent,
            name,
            content,
            { ...upload, transactions: home === undefined ? undefined : new UploadTransactions(home) },
            prepared,
          ),
        );
      },
    ),
  );
  return { entry: new FileEntry(formatPath(names), item), outcome };
}

/** A file of somebody else that is shared for writing in a directory that is not: it is found by its own share, and cannot be replaced by another one. */
async function sharedFile(tree: FileTree, view: View, names: readonly string[]): Promise<Item | undefined> {
  const above = await tree.find(view, names.slice(0, -1));
  if (above === undefined || above.isWritable) return undefined;
  const found = await tree.find(view, names);
  return found?.isWritable === true && !found.isDirectory ? found : undefined;
}

/** Requires a text as version. */
export function assertIfVersion({ ifVersion }: IfVersion): void {
  if (ifVersion !== undefined) assertString('ifVersion', ifVersion);
}

/**
 * Runs a change that is to be made only on one version of the file at a path: when it fails because the file is gone or a directory by now, or is being
 * changed by somebody else, the error is ConflictError `conflict.changed`.
 */
export async function onlyIfVersion<T>(
  { tree }: FileSystemParts,
  path: string,
  { signal, ifVersion }: IfVersion & { readonly signal?: AbortSignal | undefined },
  change: () => Promise<T>,
): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (ifVersion === undefined || isCallersError(error) || !(isPassing(error) || isGone(error) || isOtherKind(error))) throw error;
    const found = await tree.find(tree.view(signal, true), splitPath(path));
    const version = found === undefined ? undefined : versionOf(found);
    throw version === ifVersion ? error : changed(version);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof NotFoundError && error.code === 'not-found.file';
}

/** Whether the source is going to be read, as far as that can be told beforehand. */
function isWritten(existing: Item | DanglingEntry | undefined, { onExisting }: UploadOptions): boolean {
  if (existing === undefined) return true;
  return existing instanceof Item && !existing.isDirectory && onExisting !== 'skip' && onExisting !== 'error';
}
