import { ArgumentError } from '@pyrgos/core/errors';
import { type AbsoluteCapability, assertLegalName, Timestamp } from '@pyrgos/core/model';
import {
  appendContent,
  type ByteSource,
  type ContentPorts,
  type DirectoryWork,
  type FileOutcome,
  overwriteSection,
  type TreeDirectory,
  type TreeFile,
  truncateFile,
  UploadTransactions,
  uploadTree,
} from './content/index.js';
import { openSource } from './content/byte-source.js';
import { FileEntry } from './file-entry.js';
import type {
  AppendFileOptions,
  FileOptions,
  PropertyChanges,
  SetPropertiesOptions,
  WriteAtOptions,
  WriteOptions,
  WriteTreeOptions,
  Written,
} from './file-system-options.js';
import { type ChangeOptions, type FileTree, formatPath } from './file-tree.js';
import { type FileSystemParts, requireDirectory, reserve, reserveDeepest } from './file-tree-parts.js';
import { type IfVersion, requireVersion } from './file-version.js';
import { getOrMakeDirectories, setProperties } from './structure/index.js';
import { type Item, openItem, type OperationView, splitPath } from './view/index.js';
import { assertIfVersion, onlyIfVersion, writeFile } from './write-file.js';

/** What a {@link FileSystem} does with contents and properties; its methods are documented there. */
export class FileWrites {
  private readonly tree: FileTree;
  private readonly home: AbsoluteCapability;
  private readonly ports: ContentPorts;

  constructor(private readonly parts: FileSystemParts) {
    const { tree, home, ports } = parts;
    this.tree = tree;
    this.home = home;
    this.ports = ports;
  }

  async write(path: string, source: ByteSource, options: WriteOptions): Promise<Written> {
    return writeFile(this.parts, path, source, options);
  }

  async *writeTree(
    directory: string,
    entries: Iterable<TreeFile | TreeDirectory> | AsyncIterable<TreeFile | TreeDirectory>,
    options: WriteTreeOptions,
  ): AsyncGenerator<FileOutcome<TreeFile>, void, undefined> {
    const { tree } = this;
    const { onExisting, signal, ...rest } = options;
    const names = splitPath(directory);
    const target = await tree.look(signal, async (view) => tree.find(view, names));
    if (target === undefined) {
      if (names[0] !== tree.username) throw new ArgumentError('path', 'must be inside a home directory');
      for (const name of names) assertLegalName(name, 'path');
    } else {
      requireDirectory(target);
    }
    const ask = async (file: TreeFile, existing: Item): Promise<'replace' | 'skip'> =>
      (await onExisting?.(file, new FileEntry(formatPath([...names, ...file.path]), existing))) ?? 'skip';
    const home = await openItem(tree.view(signal), this.home);
    let isMade = target !== undefined;
    // By path each time: what was moved or replaced meanwhile is looked for again, and made again when it is gone.
    const runIn = async <T>(path: readonly string[], isRepeatable: () => boolean, work: DirectoryWork<T>): Promise<T> => {
      const result = await this.inDirectory([...names, ...path], { signal, isRepeatable }, work);
      isMade = true;
      return result;
    };
    yield* uploadTree(tree.sessions, this.ports, target ?? home, entries, { ...rest, signal, home, onExisting: ask, runIn });
    if (!isMade)
      await runIn(
        [],
        () => true,
        async () => undefined,
      );
  }

  /** Runs a part of a change in the directory with these names, which is made together with what is made in it. */
  private async inDirectory<T>(names: readonly string[], options: ChangeOptions, work: DirectoryWork<T>): Promise<T> {
    const { mirrorBatId, clock } = this.ports;
    return this.tree.change(
      options,
      async (view) => {
        const { owner, writers, item, depth } = await reserveDeepest(this.parts, view, names);
        const home = await openItem(view, this.home);
        return { owner, writers: [...writers, home.writer], item, missing: names.slice(depth), home };
      },
      async (operation, { item, missing, home }) => {
        const folder = missing.length === 0 ? item : await getOrMakeDirectories(operation, item, missing, { mirrorBatId, clock });
        return work(operation, folder, new UploadTransactions(home));
      },
    );
  }

  async writeAt(path: string, start: number, source: ByteSource, options: WriteAtOptions): Promise<FileEntry> {
    return this.edit(path, source, options, async (operation, item) =>
      overwriteSection(operation, this.ports, item, start, source, options),
    );
  }

  async append(path: string, source: ByteSource, options: AppendFileOptions): Promise<FileEntry> {
    return this.edit(path, source, options, async (operation, item) => appendContent(operation, this.ports, item, source, options));
  }

  async truncate(path: string, size: number, options: WriteAtOptions): Promise<FileEntry> {
    return this.edit(path, undefined, options, async (operation, item) => truncateFile(operation, this.ports, item, size, options));
  }

  async setProperties(path: string, properties: PropertyChanges, options: SetPropertiesOptions): Promise<FileEntry> {
    const { modified, created, isHidden } = properties;
    const changes = {
      ...(modified === undefined ? {} : { modified: Timestamp.fromMilliseconds(modified.getTime()) }),
      ...(created === undefined ? {} : { created: Timestamp.fromMilliseconds(created.getTime()) }),
      ...(isHidden === undefined ? {} : { isHidden }),
    };
    return this.edit(path, undefined, options, async (operation, item) => setProperties(operation, item, changes));
  }

  async clearUnfinishedUploads({ signal }: FileOptions): Promise<number> {
    return this.tree.change(
      { signal },
      async (view) => {
        const home = await openItem(view, this.home);
        const open = await new UploadTransactions(home).list(view);
        return { owner: home.owner, writers: [home.writer, ...open.map(({ record }) => record.writer.publicKeyHash)], home, open };
      },
      async (operation, { home, open }) => {
        const transactions = new UploadTransactions(home);
        for (const upload of open) await transactions.clear(operation, upload);
        return open.length;
      },
    );
  }

  private async edit(
    path: string,
    source: ByteSource | undefined,
    { signal, ifVersion }: FileOptions & IfVersion,
    run: (operation: OperationView, item: Item) => Promise<Item>,
  ): Promise<FileEntry> {
    assertIfVersion({ ifVersion });
    const names = splitPath(path);
    const isRepeatable = source === undefined || openSource(source).isRepeatable;
    const item = await onlyIfVersion(this.parts, path, { signal, ifVersion }, async () =>
      this.tree.change(
        { signal, isRepeatable: () => isRepeatable, isFresh: ifVersion !== undefined },
        async (view) => reserve((await this.tree.locate(view, path)).item),
        async (operation, prepared) => {
          await requireVersion(operation, prepared.item, { ifVersion });
          return run(operation, prepared.item);
        },
      ),
    );
    return new FileEntry(formatPath(names), item);
  }
}
