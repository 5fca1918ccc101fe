import { FormatError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { type BatId, type Signer, SymmetricKey } from '@pyrgos/core/keys';
import { SymmetricLinkToSigner } from '@pyrgos/core/containers';
import { MAX_CHAMP_LOOKUPS, MAX_CHILDREN_PER_CHUNK } from '@pyrgos/core/limits';
import {
  type AbsoluteCapability,
  type ChildEntry,
  ChunkLocation,
  type FileProperties,
  nextChunkLocation,
  openNode,
  RelativeCapability,
  sealDirectoryChunk,
  type SealedChunk,
  sealFileChunk,
  STREAM_SECRET_SIZE,
  withChildren,
} from '@pyrgos/core/model';
import type { ProgressListener } from '../../waiting/progress.js';
import { type DirectoryChunk, directoryChunks, FileChunks, isDamage, type Item, type OperationView } from '../view/index.js';
import type { BlockStaging } from './block-staging.js';
import type { ChunkChanges } from './chunk-changes.js';
import { entryOf, type NewEntry } from './directory-edit.js';
import { fileChunkLocations } from './file-chunk-keys.js';
import { sealLinkNode } from './link-node.js';
import { listingOf } from './listing.js';
import { newCapability, newDirectoryKeys } from './new-directory.js';
import type { Place } from './place.js';
import { type LeavingOut, RotatedEntries } from './rotated-entries.js';
import { TreeRemoval } from './tree-removal.js';
import { createWritingSpace, spaceSigner } from './writing-space.js';

/** A writing space whose content has moved to another. */
export interface EmptiedSpace {
  /** Who owns it. */
  readonly owner: Signer;
  readonly signer: Signer;
}

/** What a rotated item becomes. */
export interface RotatedItem {
  /** Its new keys and place, writable. */
  readonly capability: AbsoluteCapability;
  /** Who signs there. */
  readonly signer: Signer;
  /** Its new link to the parent directory or link node. */
  readonly parentLink: RelativeCapability;
  /** Whether it is the first item of its writing space, and so holds the signer. */
  readonly holdsSigner: boolean;
}

/** A directory or link node as its rotated children see it. */
interface NewParent {
  readonly capability: AbsoluteCapability;
  readonly parentKey: SymmetricKey;
  readonly signer: Signer;
}

/** How a {@link Rotation} works. */
export interface RotationOptions extends LeavingOut {
  /** Whether every writing space in the tree is replaced by a new one. */
  readonly rotateSigner: boolean;
  /** The current mirror BAT id of the account; default that of each node. */
  readonly mirrorBatId?: BatId | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** A run of this many missing chunks is the end of a file, whatever size it claims. */
const MAX_MISSING_CHUNKS = 1024;

/**
 * Gives a whole tree new keys and places (chapter 04 section 22.3): writes the new chunks into `changes` and takes the old ones out there;
 * nothing is committed but new, empty writing spaces. File data and its fragments stay as they are, under a key that is marked as dirty.
 *
 * Memory: what `staging` keeps, and some 400 bytes for every chunk.
 */
export class Rotation {
  /** The writing spaces to delete in the end, inner ones first. */
  readonly emptied: EmptiedSpace[] = [];
  private readonly entries: RotatedEntries;
  private items = 0;

  constructor(
    private readonly operation: OperationView,
    private readonly changes: ChunkChanges,
    private readonly staging: BlockStaging,
    private readonly options: RotationOptions,
  ) {
    this.entries = new RotatedEntries(operation, options);
  }

  /** Rotates the item with which the tree begins, not its link node, and all below it. `names`: where it is. Errors of reading the tree; then `changes` are void. */
  async rotate(item: Item, rotated: RotatedItem, names: readonly string[]): Promise<void> {
    this.entries.add(item);
    await this.rotateItem(item, rotated, names);
  }

  private async rotateItem(item: Item, rotated: RotatedItem, names: readonly string[]): Promise<void> {
    throwIfAborted(this.operation.signal, 'changing keys');
    await (item.isDirectory ? this.rotateDirectory(item, rotated, names) : this.rotateFile(item, rotated, names));
    await this.staging.settle();
    this.items++;
    this.options.onProgress?.({ done: this.items, total: undefined, unit: 'items', items: this.items });
  }

  private async rotateFile(
    item: Item,
    { capability, signer, parentLink, holdsSigner }: RotatedItem,
    names: readonly string[],
  ): Promise<void> {
    const { crypto } = this.operation;
    const chunks = new FileChunks(this.operation, item);
    const oldSigner = item.requireSigner();
    const streamSecret = crypto.randomBytes(STREAM_SECRET_SIZE);
    let location = capability.location;
    let missing = 0;
    for (let start = 0; start < chunks.count && missing < MAX_MISSING_CHUNKS; start += MAX_CHAMP_LOOKUPS) {
      throwIfAborted(this.operation.signal, 'changing keys');
      const found = await chunks.find(start, Math.min(start + MAX_CHAMP_LOOKUPS, chunks.count), this.operation.signal);
      for (const [i, chunk] of found.entries()) {
        const next = nextChunkLocation(crypto, streamSecret, location);
        if (chunk === undefined) {
          missing++;
        } else if (chunk instanceof PyrgosError || chunk.opened.dataKey === undefined) {
          missing++;
          this.entries.leaveOut(chunk instanceof PyrgosError ? chunk : withoutKey(), names);
        } else {
          missing = 0;
          const { node, opened } = chunk;
          const sealed = sealFileChunk(crypto, {
            rBaseKey: capability.rBaseKey,
            dataKey: chunk.opened.dataKey.toDirty(),
            data: { container: node.data, blocks: [] },
            properties: opened.properties.with({ streamSecret }),
            parentLink: start + i === 0 ? parentLink : undefined,
            bat: location.bat,
            next,
            signerLink: start + i === 0 ? signerLink(this.operation, capability, signer, holdsSigner) : undefined,
            mirrorBatId: this.mirrorBatIdOf(item),
          });
          this.changes.put(signer, location.mapKey, undefined, sealed);
        }
        location = next;
      }
    }
    for (const { mapKey } of await this.oldChunks(item)) this.changes.remove(oldSigner, mapKey);
  }

  /** Where the chunks of a file are; of one whose chunks lead in a circle the first. */
  private async oldChunks(file: Item): Promise<readonly Pick<Place, 'mapKey'>[]> {
    try {
      return await fileChunkLocations(this.operation, file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return [file.capability];
    }
  }

  private async rotateDirectory(
    item: Item,
    { capability, signer, parentLink, holdsSigner }: RotatedItem,
    names: readonly string[],
  ): Promise<void> {
    const { crypto } = this.operation;
    const oldSigner = item.requireSigner();
    const self: NewParent = { capability, parentKey: SymmetricKey.generate(crypto), signer };
    let { location } = capability;
    let isFirst = true;
    const put = (children: readonly ChildEntry[], properties: FileProperties): void => {
      const next = ChunkLocation.generate(crypto);
      const sealed = this.sealDirectory(self, location, next, children, {
        properties: isFirst ? item.opened.properties : properties,
        parentLink: isFirst ? parentLink : undefined,
        signerLink: isFirst ? signerLink(this.operation, capability, signer, holdsSigner) : undefined,
        mirrorBatId: this.mirrorBatIdOf(item),
      });
      this.changes.put(signer, location.mapKey, undefined, sealed);
      location = next;
      isFirst = false;
    };
    let end: ChunkLocation | undefined;
    const onDamage = (error: PyrgosError): void => {
      this.entries.leaveOut(error, names);
      end = undefined;
    };
    this.changes.remove(oldSigner, item.capability.mapKey);
    for await (const chunk of directoryChunks(this.operation, item, { onDamage })) {
      put(await this.rotateChildren(item, chunk, self, names), chunk.opened.properties);
      if (chunk.index > 0) this.changes.remove(oldSigner, chunk.capability.mapKey);
      end = chunk.next;
    }
    // Its only list cannot be read: what is left is an empty directory.
    if (isFirst) put([], item.opened.properties);
    // Somebody may chain a chunk with new children to the last one, which the new list would not have.
    if (end !== undefined) this.changes.rely(oldSigner, end.mapKey, undefined);
  }

  /** A chunk of any number of children: other clients may have written more into one than we do. */
  private sealDirectory(
    { capability, parentKey }: NewParent,
    { bat }: ChunkLocation,
    next: ChunkLocation,
    children: readonly ChildEntry[],
    parts: Pick<Parameters<typeof sealDirectoryChunk>[1], 'properties' | 'parentLink' | 'signerLink' | 'mirrorBatId'>,
  ): SealedChunk {
    const { crypto } = this.operation;
    const { rBaseKey } = capability;
    const fits = children.length <= MAX_CHILDREN_PER_CHUNK;
    const sealed = sealDirectoryChunk(crypto, { ...parts, rBaseKey, parentKey, bat, next, children: fits ? children : [] });
    if (fits) return sealed;
    return withChildren(crypto, sealed.node, openNode(crypto, sealed.node, capability), children, parts.mirrorBatId);
  }

  /** The new list of a chunk: as many elements as before, without those that do not come along. */
  private async rotateChildren(item: Item, chunk: DirectoryChunk, self: NewParent, names: readonly string[]): Promise<ChildEntry[]> {
    const { children, dangling } = await this.entries.open(item, chunk.entries, names);
    const rotated: ChildEntry[] = [];
    for (const child of children) {
      const entry = await this.rotateChild(child, [...child.links, child], item.requireSigner(), self, [...names, child.name]);
      rotated.push(entryOf(this.operation, self.capability, entry));
    }
    // What is left of it has no place in the new tree.
    const removal = new TreeRemoval(this.operation, this.changes, undefined);
    for (const one of dangling) await removal.removeDangling(one, item, item.requireSigner());
    return rotated;
  }

  /**
   * Rotates a child, the outermost node of `chain` first: link nodes and then the item. `oldOwner` signs where the old list is. Resolves to
   * how the new list has it.
   */
  private async rotateChild(
    child: Item,
    chain: readonly Item[],
    oldOwner: Signer,
    parent: NewParent,
    names: readonly string[],
  ): Promise<NewEntry> {
    const { crypto } = this.operation;
    const [outer, ...inner] = chain as [Item, ...Item[]];
    const signer = await this.signerFor(outer, oldOwner, parent.signer);
    const writer = signer.publicKeyHash;
    const holdsSigner = !writer.equals(parent.signer.publicKeyHash);
    const parentLink = RelativeCapability.toParent(parent.capability, parent.parentKey, writer);
    const listing = listingOf(child);
    if (inner.length === 0) {
      const capability = newCapability(crypto, child.owner, writer);
      await this.rotateItem(child, { capability, signer, parentLink, holdsSigner }, names);
      return { ...listing, capability };
    }
    const keys = newDirectoryKeys(crypto, child.owner, writer);
    const target = await this.rotateChild(child, inner, outer.requireSigner(), { ...keys, signer }, names);
    const sealed = sealLinkNode(crypto, keys, {
      properties: child.properties,
      name: listing.name,
      child: entryOf(this.operation, keys.capability, target),
      parentLink,
      mirrorBatId: this.mirrorBatIdOf(outer),
    });
    this.changes.put(signer, keys.capability.mapKey, undefined, sealed);
    this.changes.remove(outer.requireSigner(), outer.capability.mapKey);
    return { ...listing, capability: keys.capability };
  }

  /** Who signs for a node in the new tree: its space moves with its directory, stays, or is replaced by a new one. */
  private async signerFor(node: Item, oldOwner: Signer, newOwner: Signer): Promise<Signer> {
    if (node.writer.equals(oldOwner.publicKeyHash)) return newOwner;
    return this.options.rotateSigner ? this.replaceSpace(node, oldOwner, newOwner) : node.requireSigner();
  }

  /** Makes a new writing space for an item that has one of its own, or is to have one. */
  async replaceSpace(item: Item, oldOwner: Signer, newOwner: Signer): Promise<Signer> {
    const created = spaceSigner(this.operation.crypto, newOwner, item.capability);
    await createWritingSpace(this.operation, newOwner, created);
    const isOwn = !item.writer.equals(oldOwner.publicKeyHash);
    if (isOwn) this.emptied.push({ owner: oldOwner, signer: item.requireSigner() });
    return created;
  }

  private mirrorBatIdOf({ node }: Item): BatId | undefined {
    return this.options.mirrorBatId ?? node.mirrorBatId;
  }
}

/** The signer under the write key, for the first item of a writing space. */
function signerLink(
  { crypto }: OperationView,
  { wBaseKey }: AbsoluteCapability,
  signer: Signer,
  holdsSigner: boolean,
): SymmetricLinkToSigner | undefined {
  return holdsSigner && wBaseKey !== undefined ? SymmetricLinkToSigner.create(crypto, wBaseKey, signer) : undefined;
}

function withoutKey(): FormatError {
  return new FormatError('format.cryptree', 'file', 'a chunk has no data key');
}
