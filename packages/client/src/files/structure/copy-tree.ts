import { FormatError, throwIfAborted } from '@pyrgos/core/errors';
import {
  CHUNK_SIZE,
  type ChildEntry,
  ChunkLocation,
  FileProperties,
  RelativeCapability,
  sealDirectoryChunk,
  Timestamp,
} from '@pyrgos/core/model';
import { type Clock, systemClock } from '../../commit/index.js';
import { DanglingEntry, directoryChunks, type Item, openEntries } from '../view/index.js';
import { copyFile, type CopySource, type CopyTarget } from './copy-file.js';
import { freeCopyName } from './copy-name.js';
import { entryOf, type EntryOptions, maxPerChunkOf, type NewEntry } from './directory-edit.js';
import { type DirectoryKeys, newCapability, newDirectoryKeys } from './new-directory.js';
import { placeKey } from './place.js';
import type { ProgressListener } from '../../waiting/progress.js';

/** How a tree is copied. */
export interface TreeCopyOptions extends EntryOptions {
  /** Keep everything that a move keeps: times, and the mark of hidden files. */
  readonly isMove: boolean;
  readonly clock?: Pick<Clock, 'now'> | undefined;
  readonly onProgress?: ProgressListener | undefined;
  /** Told of what is left out. Default, and what this throws: the end of the copy. */
  readonly onDamaged?: ((damaged: DanglingEntry, below: readonly string[]) => void) | undefined;
}

/** Small files that are copied at a time. */
const FILES_IN_FLIGHT = 8;

/**
 * Copies trees, with fresh keys for everything (chapter 04 section 20.1). Notes the copies in the changes; nothing is committed, so a copy
 * appears as a whole or not at all. Memory: some chunks, and some 200 bytes for every chunk of the copy.
 */
export class TreeCopy {
  private readonly directories = new Set<string>();
  private readonly time: Timestamp;
  private readonly maxPerChunk: number;
  private items = 0;
  private bytes = 0;

  constructor(
    private readonly to: CopyTarget,
    private readonly options: TreeCopyOptions,
  ) {
    this.time = Timestamp.now(options.clock ?? systemClock);
    this.maxPerChunk = maxPerChunkOf(options);
  }

  /**
   * Copies an item under `name` into the directory with these keys; resolves to how that is to list the copy. Errors of reading any part of
   * the source: then the changes are void.
   */
  async copy(
    source: CopySource,
    name: string,
    parent: Pick<DirectoryKeys, 'capability' | 'parentKey'>,
    below: readonly string[] = [],
  ): Promise<NewEntry> {
    throwIfAborted(this.to.operation.signal, 'copying');
    const { operation, signer } = this.to;
    const { capability: above, parentKey } = parent;
    const writer = signer.publicKeyHash;
    const { item } = source;
    const properties = this.propertiesOf(item, name);
    const parentLink = RelativeCapability.toParent(above, parentKey, writer);
    const { isDirectory, mimeType, created } = properties;
    let capability;
    if (isDirectory) {
      const keys = newDirectoryKeys(operation.crypto, above.owner, writer);
      ({ capability } = keys);
      await this.copyDirectory(source, keys, properties, parentLink, below);
    } else {
      capability = newCapability(operation.crypto, above.owner, writer);
      await copyFile(source, this.to, { capability, parentLink, properties, onBytes: (bytes) => this.report(0, bytes) });
    }
    this.report(1, 0);
    return { name, capability, isDirectory, mimeType, created };
  }

  private propertiesOf(item: Item, name: string): FileProperties {
    const { isMove } = this.options;
    const { isDirectory, isHidden, mimeType, modified, created, thumbnail, size } = item.properties;
    if (isDirectory) {
      const times = isMove ? { modified, created } : { modified: this.time, created: this.time };
      return FileProperties.of({ name, isDirectory, isHidden, mimeType: '', size: 0, ...times });
    }
    return FileProperties.of({
      name,
      isDirectory,
      isHidden: isMove && isHidden,
      mimeType,
      size,
      modified,
      created: isMove ? created : modified,
      thumbnail,
    });
  }

  /** Copies a directory, each chunk of the new one as soon as its children are there. */
  private async copyDirectory(
    { view, item }: CopySource,
    keys: DirectoryKeys,
    properties: FileProperties,
    parentLink: RelativeCapability,
    below: readonly string[],
  ): Promise<void> {
    const { operation, changes, staging, signer, mirrorBatId } = this.to;
    const { crypto } = operation;
    const key = placeKey(item.capability);
    if (this.directories.has(key)) throw new FormatError('format.cryptree', 'directory', 'is listed twice');
    this.directories.add(key);
    let location = keys.capability.location;
    let { next } = keys;
    let isFirst = true;
    let entries: ChildEntry[] = [];
    const write = async (): Promise<void> => {
      const sealed = sealDirectoryChunk(crypto, {
        rBaseKey: keys.capability.rBaseKey,
        parentKey: keys.parentKey,
        properties: isFirst ? properties : FileProperties.SUBSEQUENT_CHUNK,
        parentLink,
        bat: location.bat,
        next,
        children: entries,
        mirrorBatId,
      });
      changes.put(signer, location.mapKey, undefined, sealed);
      await staging.settle();
      location = next;
      next = ChunkLocation.generate(crypto);
      isFirst = false;
      entries = [];
    };
    for await (const entry of this.copyChildren({ view, item }, keys, below)) {
      if (entries.length >= this.maxPerChunk) await write();
      entries.push(entryOf(operation, keys.capability, entry));
    }
    await write();
  }

  private async *copyChildren(
    { view, item }: CopySource,
    keys: DirectoryKeys,
    below: readonly string[],
  ): AsyncGenerator<NewEntry, void, undefined> {
    const names = new Set<string>();
    for await (const chunk of directoryChunks(view, item)) {
      const group: Promise<NewEntry>[] = [];
      for (const child of await openEntries(view, item, chunk.entries)) {
        if (child instanceof DanglingEntry) {
          if (this.options.onDamaged === undefined) throw child.error;
          this.options.onDamaged(child, below);
          continue;
        }
        // A hostile list may have a name twice.
        const name = freeCopyName(child.name, (taken) => names.has(taken));
        names.add(name);
        const isSmall = !child.isDirectory && child.properties.size <= CHUNK_SIZE;
        if (!isSmall || group.length >= FILES_IN_FLIGHT) yield* await Promise.all(group.splice(0));
        const copy = this.copy({ view, item: child }, name, keys, [...below, child.name]);
        // When another one fails, nobody looks at this one any more.
        copy.catch(() => undefined);
        if (isSmall) group.push(copy);
        else yield await copy;
      }
      yield* await Promise.all(group);
    }
  }

  private report(items: number, bytes: number): void {
    this.items += items;
    this.bytes += bytes;
    this.options.onProgress?.({ done: this.bytes, total: undefined, unit: 'bytes', items: this.items });
  }
}
