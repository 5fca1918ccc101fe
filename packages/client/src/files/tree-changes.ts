import { ArgumentError, ConflictError } from '@pyrgos/core/errors';
import { assertLegalName } from '@pyrgos/core/model';
import { onlyForward } from '../waiting/progress.js';
import type { ContentPorts } from './content/index.js';
import { FileEntry } from './file-entry.js';
import { assertChildNames, assertFlag, assertNewName, namingArgument } from './file-system-arguments.js';
import type {
  CopyTreeOptions,
  FileOptions,
  MakeDirectoryAtOptions,
  MoveTreeOptions,
  RemoveOptions,
  WatchedOptions,
} from './file-system-options.js';
import { assertMovable, type FileTree, formatPath, type Located, noSuchFile } from './file-tree.js';
import { type FileSystemParts, requireDirectory, reserve, reserveChild, reserveDeepest } from './file-tree-parts.js';
import { requireVersion } from './file-version.js';
import { copyItem, deleteItems, getOrMakeDirectories, makeDirectory, moveItem, rename, writingSpacesOf } from './structure/index.js';
import { type CommittedView, findEntry, type Item, openItem, splitPath } from './view/index.js';
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
    const options = { isHidden, mirrorBatId: this.ports.mirrorBatId, clock: this.ports.clock };
    if (!parents) {
      if (names.length < 2 && (names[0] ?? this.tree.username) === this.tree.username) {
        throw new ConflictError('conflict.exists', 'the home directory is there already');
      }
      const name = names.at(-1) ?? '';
      if (names.length > 1) assertNewName(name, 'path');
      const made = await this.tree.change(
        { signal },
        async (view) => reserve((await this.tree.locateParent(view, path)).parent),
        async (operation, { item }) => makeDirectory(operation, requireDirectory(item), name, options),
      );
      return new FileEntry(formatPath(names), made);
    }
    if (names.length === 0) return FileEntry.root(await openItem(this.tree.view(signal), this.parts.home));
    const existing = await this.tree.find(this.tree.view(signal), names);
    if (existing?.isDirectory === true) return new FileEntry(formatPath(names), existing);
    for (const name of names) assertLegalName(name, 'path');
    if (names[0] !== this.tree.username) throw new ArgumentError('path', 'must be inside a home directory');
    const made = await this.tree.change(
      { signal },
      async (view) => {
        const deepest = await reserveDeepest(this.parts, view, names);
        for (const name of names.slice(deepest.depth)) assertNewName(name, 'path');
        return deepest;
      },
      async (operation, { item, depth }) => getOrMakeDirectories(operation, item, names.slice(depth), options),
    );
    return new FileEntry(formatPath(names), made);
  }

  async rename(path: string, name: string, { signal }: FileOptions): Promise<FileEntry> {
    const names = splitPath(path);
    assertNewName(name);
    assertMovable(names, this.tree.username);
    const renamed = await this.tree.change(
      { signal },
      async (view) => reserveChild(this.tree, view, path),
      async (operation, { parent, item }) => rename(operation, parent, item, name),
    );
    return new FileEntry(formatPath([...names.slice(0, -1), name]), renamed);
  }

  async move(path: string, directory: string, { signal, keepAccess = true, name, onProgress }: MoveTreeOptions): Promise<FileEntry> {
    assertFlag('options.keepAccess', keepAccess);
    assertMovable(splitPath(path), this.tree.username);
    splitPath(directory, 'directory');
    if (name !== undefined) assertLegalName(name);
    const moved = await this.tree.change(
      { signal },
      async (view) => {
        const { parent, item, writers: own, paths } = await reserveChild(this.tree, view, path);
        const target = await this.tree.locate(view, directory, 'directory');
        requireDirectory(target.item, 'directory');
        // Otherwise nothing below it changes.
        const isCopied = !keepAccess || !parent.writer.equals(target.item.writer);
        const spaces = isCopied ? await writingSpacesOf(view, [item]) : own;
        const writers = [...spaces, parent.writer, target.item.writer];
        return { owner: parent.owner, writers, paths: [...paths, target], parent, item, target };
      },
      async (operation, { parent, item, target }) => {
        const how = { keepAccess, name, onProgress: onlyForward(onProgress, sizeOf(item)) };
        const move = (): Promise<Item> => moveItem(operation, this.ports, parent, item, target.item, how);
        return { item: await namingArgument('target', 'directory', move), target };
      },
    );
    return new FileEntry(formatPath([...moved.target.names, moved.item.name]), moved.item);
  }

  async copy(path: string, directory: string, { signal, name, onProgress }: CopyTreeOptions): Promise<FileEntry> {
    if (name !== undefined) assertNewName(name, 'options.name');
    splitPath(directory, 'directory');
    const copied = await this.tree.change(
      { signal },
      async (view) => {
        const source = await this.tree.locate(view, path);
        const target = await this.tree.locate(view, directory, 'directory');
        requireDirectory(target.item, 'directory');
        return { owner: target.item.owner, writers: [target.item.writer], paths: [source, target], view, item: source.item, target };
      },
      async (operation, { view, item, target }) => {
        const how = { name, onProgress: onlyForward(onProgress, sizeOf(item)) };
        const copy = (): Promise<Item> => copyItem(operation, this.ports, { view, item }, target.item, how);
        return { item: await namingArgument('target', 'directory', copy), target };
      },
    );
    return new FileEntry(formatPath([...copied.target.names, copied.item.name]), copied.item);
  }

  async remove(path: string, options: RemoveOptions): Promise<void> {
    const { signal, ifVersion } = options;
    assertIfVersion(options);
    const names = splitPath(path);
    const name = names.at(-1);
    if (name === undefined || names.length < 2) throw new ArgumentError('path', 'must be inside a home directory');
    assertMovable(names, this.tree.username);
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
        const { item } = parent;
        const children = await Promise.all(names.map(async (name) => findEntry(view, item, name)));
        const found = children.filter((child) => child !== undefined);
        const [first] = names;
        if (found.length === 0 && first !== undefined) throw noSuchFile([...splitPath(directory), first]);
        const writers = [item.writer, ...(await writingSpacesOf(view, found))];
        return { owner: item.owner, writers, paths: [parent], item, found };
      },
      async (operation, { item, found }) => {
        const [first] = found;
        await requireVersion(operation, first, { ifVersion });
        if (ifVersion !== undefined && first?.isDangling === false && first.isDirectory) {
          throw new ArgumentError('ifVersion', 'is for files: the version of a directory does not tell what is in it');
        }
        if (found.length > 0) await deleteItems(operation, item, found, { onProgress: listener });
      },
    );
  }
}

/** Bytes of what is copied, where that is known before. */
function sizeOf(item: Item): number | undefined {
  return item.isDirectory ? undefined : item.properties.size;
}
