import { PyrgosError } from '@pyrgos/core/errors';
import { assertRoomForTree, storedSize } from './content/assert-room.js';
import { openSource } from './content/byte-source.js';
import { groupableSize } from './content/upload-small-files.js';
import { UploadTransactions } from './content/upload-transactions.js';
import { type FileSystemParts, reserveDeepest } from './file-tree-parts.js';
import type { TreeEntry } from './file-system-options.js';
import { existingDirectories } from './structure/directory-trees.js';
import { type CommittedView, listEntries, openItem } from './view/index.js';

/** A file of a tree. */
interface KnownFile {
  /** From the directory of the tree. */
  readonly path: readonly string[];
  /** Bytes that it takes at least. */
  readonly bytes: number;
  readonly isSmall: boolean;
}

/**
 * Refuses a tree that cannot fit into the account, with PyrgosError `quota`, before anything of it is sent (chapter 02 section 20.2). Of entries that are a list of
 * sources with a size; what nobody knows beforehand is looked at part by part. What is listed already counts for nothing: it may be the same.
 */
export async function assertTreeFits(
  parts: FileSystemParts,
  names: readonly string[],
  entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (parts.ports.space === undefined || !Array.isArray(entries)) return;
  const files = knownFiles(entries as readonly TreeEntry[]);
  if (files === undefined) return;
  await assertRoomForTree(parts.ports, sumOf(files), async () => missingBytes(parts, names, files, signal), signal);
}

/** The files of a list, each path once; undefined when not all sizes are known. What is wrong with an entry is told when its turn comes. */
function knownFiles(entries: readonly TreeEntry[]): readonly KnownFile[] | undefined {
  const files = new Map<string, KnownFile>();
  try {
    for (const entry of entries) {
      if ('isDirectory' in entry) continue;
      const { size } = openSource(entry.source);
      if (size === undefined) return undefined;
      const key = entry.path.join('/');
      const bytes = Math.min(storedSize(size), files.get(key)?.bytes ?? Number.POSITIVE_INFINITY);
      files.set(key, { path: [...entry.path], bytes, isSmall: groupableSize(entry.source) !== undefined });
    }
  } catch {
    return undefined;
  }
  return [...files.values()];
}

async function missingBytes(
  parts: FileSystemParts,
  names: readonly string[],
  files: readonly KnownFile[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const view = parts.tree.view(signal, true);
  // Of an unfinished upload a part is there, and counts already.
  const isResumable = !(await hasNoRecords(parts, view));
  const counted = files.filter(({ isSmall }) => isSmall || !isResumable);
  const listed = await listedPaths(parts, view, names, files);
  if (listed === undefined) return 0;
  return sumOf(counted.filter(({ path }) => !listed.has([...names, ...path].join('/'))));
}

async function hasNoRecords({ home }: FileSystemParts, view: CommittedView): Promise<boolean> {
  const directory = await new UploadTransactions(await openItem(view, home)).directory(view);
  if (directory === undefined) return true;
  for await (const _ of listEntries(view, directory)) return false;
  return true;
}

/** The paths from the root of all that is listed in the directories of the files; undefined when that cannot be found out. */
async function listedPaths(
  parts: FileSystemParts,
  view: CommittedView,
  names: readonly string[],
  files: readonly KnownFile[],
): Promise<ReadonlySet<string> | undefined> {
  const listed = new Set<string>();
  try {
    const { item, depth } = await reserveDeepest(parts, view, names);
    const paths = files.map(({ path }) => [...names.slice(depth), ...path.slice(0, -1)]);
    const { directories, filesInTheWay } = await existingDirectories(view, item, paths);
    // That is told by whoever writes there.
    if (filesInTheWay.length > 0) return undefined;
    for (const { path, directory } of directories) {
      const above = [...names.slice(0, depth), ...path];
      for await (const { name } of listEntries(view, directory, { isKept: false })) {
        if (name !== undefined) listed.add([...above, name].join('/'));
      }
    }
  } catch (error) {
    // What is damaged, or is a file where a directory is needed, is told by whoever writes there.
    if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'network') throw error;
    return undefined;
  }
  return listed;
}

function sumOf(files: readonly KnownFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
