import { ArgumentError } from '@pyrgos/core/errors';
import { assertLegalName } from '@pyrgos/core/model';
import type { ContentPorts } from './content/index.js';
import { FileEntry } from './file-entry.js';
import type {
  CopyTreeOptions,
  FileOptions,
  MakeDirectoryAtOptions,
  MoveTreeOptions,
  RemoveOptions,
  TreeOptions,
} from './file-system-options.js';
import { assertMovable, type FileTree, formatPath } from './file-tree.js';
import { type IfVersion, requireVersion } from './file-version.js';
import { type FileSystemParts, requireDirectory, reserve, reserveChild, reserveDeepest } from './file-tree-parts.js';
import { copyItem, deleteItems, getOrMakeDirectories, makeDirectory, moveItem, rename, writingSpacesOf } from './structure/index.js';
import { findEntry, splitPath } from './view/index.js';
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
    const names = splitPath(path);
    const options = { isHidden, mirrorBatId: this.ports.mirrorBatId, clock: this.ports.clock };
    if (!parents) {
      const made = await this.tree.change(
        { signal },
        async (view) => reserve((await this.tree.locateParent(view, path)).parent.item),
        async (operation, { item }) => makeDirectory(operation, requireDirectory(item), names.at(-1) ?? '', options),
      );
      return new FileEntry(formatPath(names), made);
    }
    const existing = await this.tree.find(this.tree.view(signal), names);
    if (existing?.isDirectory === true) return new FileEntry(formatPath(names), existing);
    for (const name of names) assertLegalName(name, 'path');
    if (names[0] !== this.tree.username) throw new ArgumentError('path', 'must be inside a home directory');
    const made = await this.tree.change(
      { signal },
      async (view) => reserveDeepest(this.parts, view, names),
      async (operation, { item, depth }) => getOrMakeDirectories(operation, item, names.slice(depth), options),
    );
    return new FileEntry(formatPath(names), made);
  }

  async rename(path: string, name: string, { signal }: FileOptions): Promise<FileEntry> {
    const names = splitPath(path);
    assertMovable(names, this.tree.username);
    const renamed = await this.tree.change(
      { signal },
      async (view) => reserveChild(this.tree, view, path),
      async (operation, { parent, item }) => rename(operation, parent, item, name),
    );
    return new FileEntry(formatPath([...names.slice(0, -1), name]), renamed);
  }

  async move(path: string, directory: string, { signal, keepAccess = true, name, onProgress }: MoveTreeOptions): Promise<FileEntry> {
    assertMovable(splitPath(path), this.tree.username);
    if (name !== undefined) assertLegalName(name);
    const moved = await this.tree.change(
      { signal },
      async (view) => {
        const { parent, item, writers: own } = await reserveChild(this.tree, view, path);
        const target = await this.tree.locate(view, directory);
        // Otherwise nothing below it changes.
        const isCopied = !keepAccess || !parent.writer.equals(target.item.writer);
        const spaces = isCopied ? await writingSpacesOf(view, [item]) : own;
        return { owner: parent.owner, writers: [...spaces, parent.writer, target.item.writer], parent, item, target };
      },
      async (operation, { parent, item, target }) => ({
        item: await moveItem(operation, this.ports, parent, item, requireDirectory(target.item), { keepAccess, name, onProgress }),
        target,
      }),
    );
    return new FileEntry(formatPath([...moved.target.names, moved.item.name]), moved.item);
  }

  async copy(path: string, directory: string, { signal, name, onProgress }: CopyTreeOptions): Promise<FileEntry> {
    const copied = await this.tree.change(
      { signal },
      async (view) => {
        const { item } = await this.tree.locate(view, path);
        const target = await this.tree.locate(view, directory);
        return { owner: target.item.owner, writers: [target.item.writer], view, item, target };
      },
      async (operation, { view, item, target }) => ({
        item: await copyItem(operation, this.ports, { view, item }, requireDirectory(target.item), { name, onProgress }),
        target,
      }),
    );
    return new FileEntry(formatPath([...copied.target.names, copied.item.name]), copied.item);
  }

  async remove(path: string, options: RemoveOptions): Promise<void> {
    const { signal, ifVersion } = options;
    assertIfVersion(options);
    const names = splitPath(path);
    await onlyIfVersion(this.parts, path, { signal, ifVersion }, async () =>
      this.removeNamed(formatPath(names.slice(0, -1)), [names.at(-1) ?? ''], options),
    );
  }

  async removeAll(directory: string, names: readonly string[], options: TreeOptions): Promise<void> {
    return this.removeNamed(directory, names, options);
  }

  private async removeNamed(
    directory: string,
    names: readonly string[],
    { signal, onProgress, ifVersion }: TreeOptions & IfVersion,
  ): Promise<void> {
    for (const name of names) assertMovable([...splitPath(directory), name], this.tree.username);
    await this.tree.change(
      { signal, isFresh: ifVersion !== undefined },
      async (view) => {
        const { item } = await this.tree.locate(view, directory);
        const children = await Promise.all(names.map(async (name) => findEntry(view, requireDirectory(item), name)));
        const found = children.filter((child) => child !== undefined);
        if (found.length === 0) await this.tree.locate(view, `${directory}/${names[0] ?? ''}`);
        return { owner: item.owner, writers: [item.writer, ...(await writingSpacesOf(view, found))], item, found };
      },
      async (operation, { item, found }) => {
        const [first] = found;
        if (ifVersion !== undefined && first?.isDangling === false && first.isDirectory) {
          throw new ArgumentError('ifVersion', 'is for files: the version of a directory does not tell what is in it');
        }
        await requireVersion(operation, first, { ifVersion });
        await deleteItems(operation, item, found, { onProgress });
      },
    );
  }
}
