import type { ConflictError } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { ContentPorts } from './content/content-ports.js';
import type { DirectoriesWork, RunInDirectories, TreeRunOptions } from './content/tree-runs.js';
import { UploadTransactions } from './content/upload-transactions.js';
import { type FileTree, formatPath, type Located } from './file-tree.js';
import { reserveDeepest } from './file-tree-parts.js';
import { existingDirectories, type FileInTheWay, type FoundDirectory, getOrMakeDirectoryTrees } from './structure/directory-trees.js';
import { otherKind } from './structure/other-kind.js';
import { openItem } from './view/index.js';

/** Where parts of an upload go. */
export interface TreeTarget {
  readonly tree: FileTree;
  /** The directory below which they go, from the root of the tree; what is missing of it is made as well. */
  readonly names: readonly string[];
  /** Opened when `names` does not even begin with something that exists. */
  readonly base: AbsoluteCapability;
  /** The home directory, where large uploads are recorded. */
  readonly records: AbsoluteCapability | undefined;
  readonly ports: Pick<ContentPorts, 'mirrorBatId' | 'clock'>;
  readonly signal: AbortSignal | undefined;
}

/**
 * The way of uploads into a tree: the directories of each part are found by their paths, where those lead when it is committed, and are made together
 * with what is made in them. What was moved or replaced meanwhile is looked for again, and made again when it is gone.
 */
export function runInTree({ tree, names, base, records, ports, signal }: TreeTarget): RunInDirectories {
  return async <T>(paths: readonly (readonly string[])[], how: TreeRunOptions, work: DirectoriesWork<T>): Promise<T> => {
    let isSecondLook = false;
    return tree.change(
      { signal, ...how },
      async (view) => {
        const { owner, item, depth, writers } = await reserveDeepest({ tree, home: base }, view, names, 'directory');
        const above = names.slice(0, depth);
        const wanted = paths.map((path) => [...names.slice(depth), ...path]);
        const { directories: existing, filesInTheWay } = await existingDirectories(view, item, wanted);
        const [first] = filesInTheWay;
        if (first !== undefined && !isSecondLook) {
          // The view may be some seconds old: the error makes `change` look once more, in a fresh one.
          isSecondLook = true;
          throw inTheWay(above, first);
        }
        // Records of another owner could not be committed together with the files.
        const home = records?.owner.equals(owner) === true ? await openItem(view, records) : undefined;
        return {
          owner,
          writers: [
            ...writers,
            ...existing.flatMap(({ directory }) => [directory.writer, ...directory.links.map(({ writer }) => writer)]),
            ...(home === undefined ? [] : [home.writer]),
          ],
          paths: deepestOf(existing, wanted).map(({ path, directory }): Located => ({ names: [...above, ...path], item: directory })),
          item,
          above,
          wanted,
          home,
        };
      },
      async (operation, { item, above, wanted, home }) => {
        const { mirrorBatId, clock } = ports;
        const found = await getOrMakeDirectoryTrees(operation, item, wanted, { mirrorBatId, clock });
        const directories = found.map((directory) => ('fileInTheWay' in directory ? inTheWay(above, directory) : directory));
        return work(operation, directories, home === undefined ? undefined : new UploadTransactions(home));
      },
    );
  };
}

function inTheWay(above: readonly string[], { fileInTheWay }: FileInTheWay): ConflictError {
  return otherKind(false, { path: formatPath([...above, ...fileInTheWay]) });
}

/** How far each of the paths exists, each directory once. */
function deepestOf(existing: readonly FoundDirectory[], wanted: readonly (readonly string[])[]): readonly FoundDirectory[] {
  const byPath = new Map(existing.map((found) => [found.path.join('/'), found]));
  const deepest = new Set<FoundDirectory>();
  for (const path of wanted) {
    for (let length = path.length; length >= 0; length--) {
      const found = byPath.get(path.slice(0, length).join('/'));
      if (found === undefined) continue;
      deepest.add(found);
      break;
    }
  }
  return [...deepest];
}
