import { ArgumentError, ConflictError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { assertLegalName } from '@pyrgos/core/model';
import { onlyForward, type ProgressListener } from '../waiting/progress.js';
import type { ContentPorts } from './content/index.js';
import { callersCodeNow } from '../waiting/code-of-callers.js';
import { errorAt } from './error-at-path.js';
import { DamagedEntry, FileEntry, pathOfDamaged } from './file-entry.js';
import { assertCallback, assertChildNames, assertFlag, assertNewName, assertPathLength, namingArgument } from './file-system-arguments.js';
import type {
  CopyTreeOptions,
  MakeDirectoryAtOptions,
  MoveTreeOptions,
  RenameOptions,
  RemoveOptions,
  WatchedOptions,
} from './file-system-options.js';
import { assertMovable, assertNotOfSystem, type FileTree, formatPath, type Located, noSuchFile } from './file-tree.js';
import {
  assertChangeable,
  assertRoot,
  type FileSystemParts,
  portsOf,
  requireDirectory,
  reserve,
  reserveChild,
  reserveDeepest,
} from './file-tree-parts.js';
import { type IfVersion, requireVersion } from './file-version.js';
import {
  copyItem,
  deleteItems,
  getOrMakeDirectories,
  makeDirectory,
  type MakeDirectoryOptions,
  moveItem,
  rename,
  writingSpacesOf,
} from './structure/index.js';
import {
  type CommittedView,
  type DanglingEntry,
  findEntry,
  isSamePlace,
  type Item,
  openItem,
  type OperationView,
  splitPath,
} from './view/index.js';
import { assertIfVersion, onlyIfVersion } from './write-file.js';

/** What a {@link FileSystem} does with names and directories; its methods are documented there. */
export class TreeChanges {
  private readonly tree: FileTree;
  private readonly ports: ContentPorts;

  constructor(private readonly parts: FileSystemParts) {
    this.tree = parts.tree;
    this.ports = parts.ports;
  }

  async makeDirectory(path: string, { parents = false, isHidden, signal }: MakeDirectoryAtOptions): Promise<FileEntry> {
    assertFlag('options.parents', parents);
    assertFlag('options.isHidden', isHidden);
    const names = splitPath(path);
    // They themselves may be made, where somebody has deleted them.
    if (names.length > 2) assertNotOfSystem(names, this.tree.username);
    const options = { isHidden, mirrorBatId: this.ports.mirrorBatId, clock: this.ports.clock };
    if (!parents) {
      if (names.length < 2 && (names[0] ?? this.tree.username) === this.tree.username) {
        throw new ConflictError('conflict.exists', 'The home directory is there already.');
      }
      const name = names.at(-1) ?? '';
      if (names.length > 1) assertNewName(name, 'path');
      const made = await this.tree.change(
        { signal },
        async (view) => {
          const { parent } = await this.tree.locateParent(view, path);
          assertChangeable(this.tree, parent);
          return reserve(parent);
        },
        async (operation, { item }) =>
          makeDirectory(operation, requireDirectory(item, 'path', names.slice(0, -1)), name, this.optionsFor(item, options)),
      );
      return new FileEntry(formatPath(names), made);
    }
    if (names.length === 0) return FileEntry.root(await openItem(this.tree.view(signal), this.parts.home));
    const view = this.tree.view(signal);
    const existing = await this.tree.find(view, names);
    if (existing?.isDirectory === true && (await this.tree.isCurrent(existing.owner, view.snapshotOf(existing.owner), signal))) {
      return new FileEntry(formatPath(names), existing);
    }
    for (const name of names) assertLegalName(name, 'path');
    await assertRoot(this.tree, view, names, 'path');
    const made = await this.tree.change(
      { signal },
      async (view) => {
        const deepest = await reserveDeepest(this.parts, view, names);
        for (const name of names.slice(deepest.depth)) assertNewName(name, 'path');
        return deepest;
      },
      async (operation, { item, depth }) => getOrMakeDirectories(operation, item, names.slice(depth), this.optionsFor(item, options)),
    );
    return new FileEntry(formatPath(names), made);
  }

  private optionsFor({ owner }: Item, options: MakeDirectoryOptions): MakeDirectoryOptions {
    return { ...options, mirrorBatId: portsOf(this.parts, owner).mirrorBatId };
  }

  async rename(path: string, name: string, { signal, replace, ifVersion }: RenameOptions): Promise<FileEntry> {
    const names = splitPath(path);
    assertNewName(name);
    assertFlag('options.replace', replace);
    assertIfVersion({ ifVersion });
    assertMovable(names, this.tree.username);
    const above = names.slice(0, -1);
    assertPathLength([...above, name]);
    assertNotOfSystem([...above, name], this.tree.username, above.length === 1 ? 'name' : 'path');
    const renamed = await onlyIfVersion(this.parts, path, { signal, ifVersion }, async () =>
      this.tree.change(
        { signal, isFresh: ifVersion !== undefined },
        async (view) => {
          const { writers, ...reserved } = await reserveChild(this.tree, view, path);
          const booked = await this.booked(view, names, [...above, name]);
          const replaced = await this.spacesToReplace(view, reserved.parent, name, replace);
          return { ...reserved, booked, writers: [...writers, ...booked.writers, ...replaced] };
        },
        async (operation, { parent, item, booked }) => {
          await requireFileVersion(operation, item, { ifVersion });
          await this.rely(operation, names.slice(0, -1), names.slice(-1));
          const how = { replace, isCompared: ifVersion !== undefined };
          return this.withBook(operation, booked, names, [...above, name], async () => rename(operation, parent, item, name, how));
        },
      ),
    );
    return new FileEntry(formatPath([...above, name]), renamed);
  }

  async move(path: string, directory: string, options: MoveTreeOptions): Promise<FileEntry> {
    const { signal, keepAccess = true, name, replace, ifVersion, onProgress } = options;
    const names = splitPath(path);
    assertFlag('options.keepAccess', keepAccess);
    assertFlag('options.replace', replace);
    assertIfVersion({ ifVersion });
    assertMovable(names, this.tree.username);
    const into = splitPath(directory, 'directory');
    if (name !== undefined) assertNewName(name, 'options.name');
    assertNotOfSystem(names, this.tree.username);
    const newName = name ?? names.at(-1) ?? '';
    assertPathLength([...into, newName]);
    assertNotOfSystem([...into, newName], this.tree.username, 'directory');
    const forward = onlyForward(onProgress);
    const moved = await onlyIfVersion(this.parts, path, { signal, ifVersion }, async () =>
      this.tree.change(
        { signal, isFresh: ifVersion !== undefined },
        async (view) => {
          const { parent, item, writers: own, paths } = await reserveChild(this.tree, view, path);
          const target = await this.tree.locate(view, directory, 'directory');
          assertChangeable(this.tree, target);
          requireDirectory(target.item, 'directory', target.names);
          if (!target.item.owner.equals(parent.owner)) {
            throw new ArgumentError('directory', 'must be of the same user: copy it there, and delete it here', { reason: 'other-user' });
          }
          const booked = await this.booked(view, names, [...target.names, newName]);
          // Otherwise nothing below it changes.
          const keepsAccess = keepAccess && (!booked.isPublished || isSamePlace(parent.capability, target.item.capability));
          const isCopied = !keepsAccess || !parent.writer.equals(target.item.writer);
          const spaces = isCopied ? await writingSpacesOf(view, [item]) : own;
          const replaced = await this.spacesToReplace(view, target.item, newName, replace);
          const writers = [...spaces, ...replaced, ...booked.writers, parent.writer, target.item.writer];
          return { owner: parent.owner, writers, paths: [...paths, target], parent, item, target, keepsAccess, isCopied, booked };
        },
        async (operation, { parent, item, target, keepsAccess, isCopied, booked }) => {
          await requireFileVersion(operation, item, { ifVersion });
          await this.rely(operation, names.slice(0, -1), names.slice(-1));
          const isCompared = ifVersion !== undefined;
          const alsoCommit = async (): Promise<void> => {
            if (!booked.isBooked) return;
            // First what was noted of a file that is replaced: nothing of that is about what is there now.
            await this.parts.shareBook?.lost(operation, [...target.names, newName]);
            await this.parts.shareBook?.lost(operation, names);
          };
          const how = { keepAccess: keepsAccess, name, replace, isCompared, onProgress: knowing(forward, item), alsoCommit };
          const ports = portsOf(this.parts, parent.owner);
          const move = (): Promise<Item> => moveItem(operation, ports, parent, item, target.item, how);
          const named = (): Promise<Item> => namingArgument('target', 'directory', move);
          if (isCopied) return { item: await named(), target };
          return { item: await this.withBook(operation, booked, names, [...target.names, newName], named), target };
        },
      ),
    );
    return new FileEntry(formatPath([...moved.target.names, moved.item.name]), moved.item);
  }

  async copy(path: string, directory: string, { signal, name, replace, onProgress, onDamaged }: CopyTreeOptions): Promise<FileEntry> {
    if (name !== undefined) assertNewName(name, 'options.name');
    assertFlag('options.replace', replace);
    assertCallback('options.onDamaged', onDamaged);
    const into = splitPath(directory, 'directory');
    const names = splitPath(path);
    const newName = name ?? names.at(-1) ?? '';
    assertPathLength([...into, newName]);
    assertNotOfSystem([...into, newName], this.tree.username, 'directory');
    const forward = onlyForward(onProgress);
    let leftOut: DamagedEntry[] = [];
    const copied = await this.tree.change(
      // What is copied is not compared by any commit.
      { signal, isFresh: true },
      async (view) => {
        const source = await this.tree.locate(view, path);
        const target = await this.tree.locate(view, directory, 'directory');
        assertChangeable(this.tree, target);
        requireDirectory(target.item, 'directory', target.names);
        const replaced = await this.spacesToReplace(view, target.item, newName, replace);
        const to = [...target.names, newName];
        const noted = replace === true && this.tree.isOwn(to) ? await this.parts.shareBook?.look(view, to) : undefined;
        const writers = [target.item.writer, ...replaced, ...(noted?.writers ?? [])];
        return {
          owner: target.item.owner,
          writers,
          paths: [source, target],
          view,
          item: source.item,
          target,
          isNoted: noted !== undefined,
        };
      },
      async (operation, { view, item, target, isNoted }) => {
        const alsoCommit = async (): Promise<void> => {
          if (isNoted) await this.parts.shareBook?.lost(operation, [...target.names, newName]);
        };
        // Those of an attempt that counts.
        leftOut = [];
        const leaveOut = (child: DanglingEntry, below: readonly string[]): void => {
          const damaged = new DamagedEntry(formatPath([...names, ...below]), child);
          if (onDamaged === undefined) throw errorAt(child.error, () => pathOfDamaged(damaged));
          leftOut.push(damaged);
        };
        const how = { name, replace, onProgress: knowing(forward, item), onDamaged: leaveOut, alsoCommit };
        const ports = portsOf(this.parts, target.item.owner);
        const copy = (): Promise<Item> => copyItem(operation, ports, { view, item }, target.item, how);
        return { item: await namingArgument('target', 'directory', copy), target };
      },
    );
    for (const damaged of leftOut) callersCodeNow(() => onDamaged?.(damaged));
    return new FileEntry(formatPath([...copied.target.names, copied.item.name]), copied.item);
  }

  /** What is noted of an item that gets another path, and of what is there. */
  private async booked(view: CommittedView, from: readonly string[], to: readonly string[]): Promise<Booked> {
    const { shareBook } = this.parts;
    if (shareBook === undefined || !this.tree.isOwn(from)) return { isBooked: false, isPublished: false, writers: [] };
    const [own, replaced] = await Promise.all([shareBook.look(view, from), to[0] === from[0] ? shareBook.look(view, to) : undefined]);
    const writers = [...(own?.writers ?? []), ...(replaced?.writers ?? [])];
    return { isBooked: own !== undefined || replaced !== undefined, isPublished: own?.isPublished ?? false, writers };
  }

  /** See {@link ShareBook.rely}. */
  private async rely(operation: OperationView, above: readonly string[], names: readonly string[]): Promise<void> {
    if (this.tree.isOwn(above)) await this.parts.shareBook?.rely(operation, above, names);
  }

  /** Gives an item another path, and tells the book in the same commit. */
  private async withBook<T>(
    operation: OperationView,
    { isBooked }: Booked,
    from: readonly string[],
    to: readonly string[],
    change: () => Promise<T>,
  ): Promise<T> {
    const { shareBook } = this.parts;
    if (!isBooked || shareBook === undefined || formatPath(from) === formatPath(to)) return change();
    return operation.committer.withoutFlush(async () => {
      const result = await change();
      await shareBook.moved(operation, from, to);
      return result;
    });
  }

  /** The writers that a change needs which deletes what a directory has under a name. */
  private async spacesToReplace(
    view: CommittedView,
    directory: Item,
    name: string,
    replace: boolean | undefined,
  ): Promise<readonly PublicKeyHash[]> {
    const found = replace === true ? await findEntry(view, directory, name) : undefined;
    return found === undefined ? [] : writingSpacesOf(view, [found]);
  }

  async remove(path: string, options: RemoveOptions): Promise<void> {
    const { signal, ifVersion } = options;
    assertIfVersion(options);
    const names = splitPath(path);
    const name = names.at(-1);
    if (name === undefined || names.length < 2) throw new ArgumentError('path', 'must be inside a home directory', { reason: 'home' });
    assertMovable(names, this.tree.username);
    this.tree.assertInside(names);
    await onlyIfVersion(this.parts, path, { signal, ifVersion }, async () =>
      this.delete(formatPath(names.slice(0, -1)), [name], options, async (view) => {
        const parent = await this.tree.find(view, names.slice(0, -1));
        if (parent?.isDirectory !== true) throw noSuchFile(names);
        return { names: names.slice(0, -1), item: parent };
      }),
    );
  }

  async removeAll(directory: string, names: readonly string[], { signal, onProgress }: WatchedOptions): Promise<void> {
    const above = splitPath(directory, 'directory');
    assertChildNames('names', names);
    for (const name of names) assertMovable([...above, name], this.tree.username, 'names');
    // The caller's list may change meanwhile.
    await this.delete(directory, [...names], { signal, onProgress }, async (view) => {
      const located = await this.tree.locate(view, directory, 'directory');
      requireDirectory(located.item, 'directory');
      return located;
    });
  }

  private async delete(
    directory: string,
    names: readonly string[],
    { signal, onProgress, ifVersion }: RemoveOptions,
    findParent: (view: CommittedView) => Promise<Located>,
  ): Promise<void> {
    const listener = onlyForward(onProgress);
    await this.tree.change(
      { signal, isFresh: ifVersion !== undefined },
      async (view) => {
        const parent = await findParent(view);
        assertChangeable(this.tree, parent);
        const { item } = parent;
        const children = await Promise.all(names.map(async (name) => findEntry(view, item, name)));
        const found = children.filter((child) => child !== undefined);
        const [first] = names;
        if (found.length === 0 && first !== undefined) throw noSuchFile([...splitPath(directory), first]);
        const booked: { readonly path: readonly string[]; readonly writers: readonly PublicKeyHash[] }[] = [];
        for (const name of this.tree.isOwn(parent.names) ? names : []) {
          const path = [...parent.names, name];
          const noted = await this.parts.shareBook?.look(view, path);
          if (noted !== undefined) booked.push({ path, writers: noted.writers });
        }
        const writers = [item.writer, ...(await writingSpacesOf(view, found)), ...booked.flatMap((one) => one.writers)];
        return { owner: item.owner, writers, paths: [parent], item, found, booked, above: parent.names };
      },
      async (operation, { item, found, booked, above }) => {
        const [first] = found;
        await requireFileVersion(operation, first, { ifVersion });
        await this.rely(operation, above, names);
        // First the links: what is deleted in several commits must not be reachable any more from the first one on.
        for (const { path } of booked) await this.parts.shareBook?.lost(operation, path);
        if (found.length > 0) await deleteItems(operation, item, found, { onProgress: listener });
      },
    );
  }
}

/** What is noted of an item on its way to another path, and the writers in which. */
interface Booked {
  readonly isBooked: boolean;
  /** Whether everybody can read it. */
  readonly isPublished: boolean;
  readonly writers: readonly PublicKeyHash[];
}

/** {@link requireVersion} of a file; ArgumentError for a directory. */
async function requireFileVersion(
  operation: OperationView,
  item: Item | DanglingEntry | undefined,
  { ifVersion }: IfVersion,
): Promise<void> {
  // First the version: that there is a directory now may be the doing of another device.
  await requireVersion(operation, item, { ifVersion });
  if (ifVersion !== undefined && item?.isDangling === false && item.isDirectory) {
    throw new ArgumentError('ifVersion', 'is for files: the version of a directory does not tell what is in it');
  }
}

/** A listener that is told how many bytes there are to copy, where that is known before. */
function knowing(listener: ProgressListener | undefined, { isDirectory, properties: { size } }: Item): ProgressListener | undefined {
  return listener === undefined || isDirectory ? listener : (progress) => listener({ ...progress, total: size });
}
