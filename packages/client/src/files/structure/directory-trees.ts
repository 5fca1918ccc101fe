import type { Signer } from '@pyrgos/core/keys';
import { assertLegalName, type ChunkLocation, RelativeCapability, Timestamp } from '@pyrgos/core/model';
import { systemClock } from '../../commit/index.js';
import { forEachAtOnce } from '../../waiting/for-each-at-once.js';
import { cidsAt } from '../content/tree-places.js';
import { findEntries, type Item, openItem, type OperationView, readAheadOfLists, type View } from '../view/index.js';
import { ChunkChanges } from './chunk-changes.js';
import { DirectoryEdit } from './directory-edit.js';
import type { MakeDirectoryOptions } from './make-directories.js';
import { type DirectoryKeys, newDirectoryKeys, sealNewDirectory } from './new-directory.js';
import { refresh } from './refresh.js';

/** Directories that are read at a time. */
const READS_IN_FLIGHT = 8;

/** A directory of some paths, and those of them that go on below it. */
interface Branch {
  /** From the base of all of them; empty for that. */
  readonly path: readonly string[];
  readonly children: Map<string, Branch>;
  /** Undefined when there is none (yet). */
  directory: Item | undefined;
  /** Whether there is a file: then nothing is below it. */
  isFile?: boolean;
}

/** A directory that exists at the path, or at the beginning of one. */
export interface FoundDirectory {
  /** From the base. */
  readonly path: readonly string[];
  readonly directory: Item;
}

/** In place of a directory: a file, in which nothing can be. */
export interface FileInTheWay {
  /** Where the file is, from the base. */
  readonly fileInTheWay: readonly string[];
}

/** What {@link existingDirectories} finds. */
export interface FoundDirectories {
  readonly directories: readonly FoundDirectory[];
  readonly filesInTheWay: readonly FileInTheWay[];
}

/**
 * The directories that there are at and on the way to some paths below `base`, itself first, and the files that are where directories are needed. Each
 * list is read once, however many of the paths go through it, and those of one depth at the same time. Errors: what is wrong with what cannot be opened.
 */
export async function existingDirectories(view: View, base: Item, paths: readonly (readonly string[])[]): Promise<FoundDirectories> {
  const root = branchesOf(paths);
  root.directory = base;
  await findBranches(view, root);
  const branches = [...allBranches(root)];
  return {
    directories: branches.flatMap(({ path, directory }) => (directory === undefined ? [] : [{ path, directory }])),
    filesInTheWay: branches.flatMap(({ path, isFile }) => (isFile === true ? [{ fileInTheWay: path }] : [])),
  };
}

/**
 * The directories at some paths below `base`, in their order, or the files that keep them from being made; what is missing of them is made and committed, not sent (chapter 04 section 19.1). What
 * is read beforehand is read at the same time, so many directories cost few requests. Errors of {@link existingDirectories}; ArgumentError or LimitError
 * for an illegal name; DeniedError `denied.file` without write access.
 */
export async function getOrMakeDirectoryTrees(
  operation: OperationView,
  base: Item,
  paths: readonly (readonly string[])[],
  options: MakeDirectoryOptions = {},
): Promise<readonly (Item | FileInTheWay)[]> {
  for (const name of new Set(paths.flat())) assertLegalName(name, 'names');
  const root = branchesOf(paths);
  root.directory = await refresh(operation, base);
  await findBranches(operation, root);
  await makeBranches(operation, root, options);
  return paths.map((path) => {
    let branch: Branch | undefined = root;
    for (const name of path) {
      branch = branch?.children.get(name);
      if (branch?.isFile === true) return { fileInTheWay: branch.path };
    }
    const directory = branch?.directory as Item;
    return directory.requireDirectory();
  });
}

function branchesOf(paths: readonly (readonly string[])[]): Branch {
  const root: Branch = { path: [], children: new Map(), directory: undefined };
  for (const path of paths) {
    let branch = root;
    for (const [i, name] of path.entries()) {
      const child: Branch = branch.children.get(name) ?? { path: path.slice(0, i + 1), children: new Map(), directory: undefined };
      branch.children.set(name, child);
      branch = child;
    }
  }
  return root;
}

/** The branches by depth, the root first. */
function* levelsOf(root: Branch): Generator<readonly Branch[], void, undefined> {
  for (let level = [root]; level.length > 0; level = level.flatMap(({ children }) => [...children.values()])) yield level;
}

function* allBranches(root: Branch): Generator<Branch, void, undefined> {
  for (const level of levelsOf(root)) yield* level;
}

async function findBranches(view: View, root: Branch): Promise<void> {
  for (const level of levelsOf(root)) {
    const inner = new Map(
      level.flatMap(({ directory, children }) => (directory === undefined || children.size === 0 ? [] : [[directory, children]])),
    );
    await readAheadOfLists(
      view,
      [...inner.keys()],
      (directory, { name }) => name !== undefined && inner.get(directory)?.has(name) === true,
    );
    await forEachAtOnce(level, READS_IN_FLIGHT, async ({ directory, children }) => {
      if (directory === undefined || children.size === 0) return;
      for (const [name, found] of await findEntries(view, directory.requireDirectory(), new Set(children.keys()))) {
        if (found.isDangling) throw found.error;
        const child = children.get(name);
        if (child === undefined) continue;
        if (found.isDirectory) {
          child.directory = found;
        } else {
          child.isFile = true;
          child.children.clear();
        }
      }
    });
  }
}

/** A directory to make, and the one in which it is. */
interface NewBranch {
  readonly branch: Branch;
  readonly parent: Branch;
  readonly keys: DirectoryKeys;
  readonly signer: Signer;
}

async function makeBranches(operation: OperationView, root: Branch, options: MakeDirectoryOptions): Promise<void> {
  const { crypto } = operation;
  const levels: NewBranch[][] = [];
  const top = new Map<Branch, Signer>();
  for (const level of levelsOf(root)) {
    const missing: NewBranch[] = [];
    for (const parent of level) {
      const signer = parent.directory === undefined ? top.get(parent) : undefined;
      for (const branch of parent.children.values()) {
        if (branch.directory !== undefined || branch.isFile === true) continue;
        // Everything new is in the writing space of what it is in.
        const own = signer ?? (parent.directory as Item).requireSigner();
        top.set(branch, own);
        missing.push({ branch, parent, signer: own, keys: newDirectoryKeys(crypto, operation.owner, own.publicKeyHash) });
      }
    }
    if (missing.length > 0) levels.push(missing);
  }
  await readAhead(operation, levels.flat());
  for (const level of levels) await makeLevel(operation, level, options);
}

/** Brings the ways to all new places, and the ends of the lists that get new elements, into the caches with few requests. */
async function readAhead(operation: OperationView, made: readonly NewBranch[]): Promise<void> {
  const bySigner = new Map<string, { readonly signer: Signer; readonly places: Map<Branch, ChunkLocation[]> }>();
  for (const { branch, parent, keys, signer } of made) {
    const { key } = signer.publicKeyHash;
    const group = bySigner.get(key) ?? { signer, places: new Map<Branch, ChunkLocation[]>() };
    bySigner.set(key, group);
    group.places.set(branch, [keys.capability.location, keys.next]);
    const next = parent.directory?.opened.next?.location;
    if (parent.directory !== undefined)
      group.places.set(parent, [parent.directory.capability.location, ...(next === undefined ? [] : [next])]);
  }
  for (const { signer, places } of bySigner.values()) await cidsAt(operation, signer, [...places.values()].flat());
}

/** Makes directories in directories that there are by now; each list is changed once. */
async function makeLevel(operation: OperationView, level: readonly NewBranch[], options: MakeDirectoryOptions): Promise<void> {
  const { crypto } = operation;
  const time = Timestamp.now(options.clock ?? systemClock);
  const changes = new ChunkChanges(operation);
  const edits = new Map<Branch, DirectoryEdit>();
  for (const { branch, parent, keys, signer } of level) {
    const directory = parent.directory as Item;
    const edit = edits.get(parent) ?? new DirectoryEdit(operation, changes, directory, options);
    edits.set(parent, edit);
    const name = branch.path.at(-1) ?? '';
    edit.add({ name, capability: keys.capability, isDirectory: true, mimeType: '', created: time });
    const { capability, opened, node } = directory;
    const sealed = sealNewDirectory(crypto, keys, {
      name,
      time,
      isHidden: options.isHidden ?? false,
      parentLink: RelativeCapability.toParent(capability, opened.parentKey, signer.publicKeyHash),
      children: [],
      mirrorBatId: node.mirrorBatId ?? options.mirrorBatId,
    });
    changes.put(signer, keys.capability.mapKey, undefined, sealed);
  }
  for (const edit of edits.values()) await edit.apply();
  await changes.commit();
  for (const { branch, keys, signer } of level) {
    branch.directory = await openItem(operation, keys.capability, { inheritedSigner: signer });
  }
}
