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
import { replaceExisting } from './content/upload-file.js';
import { FileEntry } from './file-entry.js';
import { assertFlag, assertMimeType, assertNewName, claimedMimeType, existingAnswer, timestampOf } from './file-system-arguments.js';
import type { ExistingAnswer, WriteOptions, Written } from './file-system-options.js';
import { assertNotOfSystem, type FileTree, formatPath, isOtherKind, isPassing, type Located } from './file-tree.js';
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
import { getOrMakeDirectories } from './structure/index.js';
import { type DanglingEntry, findEntry, Item, openItem, splitPath, versionOf, type View } from './view/index.js';

/**
 * What `FileSystem.write` does. The source is looked at, and content of one chunk read, before the change has its turn, and once however often
 * the change is repeated; so is `onExisting` asked once about each version of the file. What is read later lends the turn.
 */
export async function writeFile(parts: FileSystemParts, path: string, source: ByteSource, options: WriteOptions): Promise<Written> {
  const { tree, records } = parts;
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
        const single = await reachedAlone(tree, view, names);
        if (single !== undefined) {
          if (!hasTurn && isWritten(single.item, upload)) prepared ??= await prepareContent(view, content, rest.hashTree);
          return { ...reserve(single), deepest: undefined, missing: [], home: undefined };
        }
        const reserved = parents ? await reserveDeepest(parts, view, above) : reserve(await tree.locate(view, formatPath(above)));
        const { item: deepest, paths, depth = above.length } = { depth: undefined, ...reserved };
        assertChangeable(tree, { names: above.slice(0, depth), item: deepest });
        // Records of another owner could not be committed together with the file.
        const home = records?.owner.equals(deepest.owner) === true ? await openItem(view, records) : undefined;
        const existing = depth < above.length ? undefined : await findEntry(view, requireDirectory(deepest, 'path', above), name);
        for (const part of [...above.slice(depth), ...(existing === undefined ? [name] : [])]) assertNewName(part, 'path');
        const writers = [deepest, home, existing].flatMap((item) => (item instanceof Item ? [item.writer] : []));
        // Reading the source runs code of the caller, for which the operation lends its turn.
        if (!hasTurn && isWritten(existing, upload)) prepared ??= await prepareContent(view, content, rest.hashTree);
        return { owner: deepest.owner, writers, paths, item: undefined, deepest, missing: above.slice(depth), home };
      },
      async (operation, { owner, item: single, deepest, missing, home }) => {
        const ports = portsOf(parts, owner);
        const { mirrorBatId, clock } = ports;
        const transactions = home === undefined ? undefined : new UploadTransactions(home);
        if (deepest === undefined) {
          await requireVersion(operation, single, { ifVersion });
          const prepare = async (): Promise<PreparedContent> => prepared ?? prepareContent(operation, content, rest.hashTree);
          return caller.during(operation, async () => replaceExisting(operation, ports, undefined, single, prepare, upload));
        }
        const parent = missing.length === 0 ? deepest : await getOrMakeDirectories(operation, deepest, missing, { mirrorBatId, clock });
        if (ifVersion !== undefined) await requireVersion(operation, await findEntry(operation, parent, name), { ifVersion });
        return caller.during(operation, async () =>
          uploadFile(operation, ports, parent, name, content, { ...upload, transactions }, prepared),
        );
      },
    ),
  );
  return { entry: new FileEntry(formatPath(names), item), outcome };
}

/** A file that is written without its directory: what a link leads to, or a file that somebody shares. Undefined for all others. */
async function reachedAlone(tree: FileTree, view: View, names: readonly string[]): Promise<Located | undefined> {
  if (tree.isLinked(names)) return tree.locate(view, formatPath(names));
  const item = tree.isOwn(names) ? undefined : await sharedFile(tree, view, names);
  return item === undefined ? undefined : { names, item };
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
