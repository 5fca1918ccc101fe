import { throwIfAborted } from '@pyrgos/core/errors';
import type { PublicKeyHash, Signer } from '@pyrgos/core/keys';
import { openNode } from '@pyrgos/core/model';
import {
  belongsTo,
  type DanglingEntry,
  directoryChunks,
  Item,
  isDamage,
  loadNode,
  namesParent,
  openEntries,
  type OperationView,
} from '../view/index.js';
import type { ProgressListener } from '../../waiting/progress.js';
import type { ChunkChanges } from './chunk-changes.js';
import { fileChunkLocations } from './file-chunk-keys.js';
import { type Place, placeKey } from './place.js';
import { removeWritingSpace } from './writing-space.js';

/** Chunks that are taken out in one commit. */
const BATCH = 1000;

/**
 * Takes whole trees out of the CHAMPs of their writers, bottom-up (chapter 04 section 21.1). Commits now and then, so that memory is
 * bounded: whatever part of it is on the server, every chunk that is left can be reached from a directory.
 */
export class TreeRemoval {
  private readonly directories = new Set<string>();
  private items = 0;

  constructor(
    private readonly operation: OperationView,
    private readonly changes: ChunkChanges,
    private readonly onProgress: ProgressListener | undefined,
  ) {}

  /**
   * Removes an item with all below it, its link nodes, and the writing spaces that begin there. `inherited` is the signer of the directory
   * that lists it. What is removed last may still be in the changes: commit them. What nobody can sign for is left, and so is what does not
   * belong below the item: of it nothing but the element goes that lists it here. Call it with what {@link belongsTo} its directory.
   */
  async remove(item: Item, inherited: Signer | undefined): Promise<void> {
    throwIfAborted(this.operation.signal, 'deleting');
    const nodes = [...item.links, item];
    const alien = nodes.findIndex((node, i) => i > 0 && !namesParent(node, nodes[i - 1] as Item));
    const chain = alien < 0 ? nodes : nodes.slice(0, alien);
    // Around each node, the signer of what leads to it; the last one signs for the item.
    const signers = [inherited];
    for (const { signer, writer } of chain) signers.push(signer ?? unlessOther(signers.at(-1), writer));
    const own = signers.at(-1);
    if (own !== undefined && alien < 0) await this.removeChunks(item, own);
    for (let i = chain.length - 1; i >= 0; i--) {
      const [owner, signer] = [signers[i], signers[i + 1]];
      if (signer === undefined) continue;
      if (i < item.links.length) this.changes.remove(signer, (chain[i] as Item).capability.mapKey);
      if (owner !== undefined && !owner.publicKeyHash.equals(signer.publicKeyHash)) await this.removeSpace(owner, signer);
    }
    this.items++;
    this.onProgress?.({ done: this.items, total: undefined, unit: 'items', items: this.items });
    if (this.changes.size >= BATCH) await this.changes.commit();
  }

  /**
   * Takes out what a child that cannot be opened has left at its place, when that is the directory's own: a link node to something that is
   * gone. What its key does not open may be anybody's, and stays.
   */
  async removeDangling({ capability, name }: DanglingEntry, directory: Item, signer: Signer): Promise<void> {
    if (capability?.writer.equals(signer.publicKeyHash) !== true) return;
    try {
      const found = await loadNode(this.operation, capability.owner, capability.writer, capability.location);
      if (found?.node === undefined) return;
      const opened = openNode(this.operation.crypto, found.node, capability);
      const item = new Item({ capability, cid: found.cid, node: found.node, opened, properties: opened.properties });
      if ((name ?? item.name) === item.name && belongsTo(item, directory)) this.changes.remove(signer, capability.mapKey);
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }

  private async removeChunks(item: Item, signer: Signer): Promise<void> {
    if (item.isDirectory) {
      await this.removeDirectory(item, signer);
      return;
    }
    let locations: readonly Pick<Place, 'mapKey'>[];
    try {
      locations = await fileChunkLocations(this.operation, item);
    } catch (error) {
      if (!isDamage(error)) throw error;
      locations = [item.capability];
    }
    for (const { mapKey } of locations) this.changes.remove(signer, mapKey);
  }

  private async removeDirectory(directory: Item, signer: Signer): Promise<void> {
    // A list may lead back to a directory above it, or to one twice.
    const key = placeKey(directory.capability);
    if (this.directories.has(key)) return;
    this.directories.add(key);
    const own = [directory.capability.mapKey];
    let next: Pick<Place, 'mapKey'> | undefined;
    for await (const chunk of directoryChunks(this.operation, directory, { onDamage: () => undefined })) {
      if (chunk.index > 0) own.push(chunk.capability.mapKey);
      next = chunk.next;
      for (const child of await openEntries(this.operation, directory, chunk.entries)) {
        if (child.isDangling) await this.removeDangling(child, directory, signer);
        else if (belongsTo(child, directory)) await this.remove(child, signer);
      }
    }
    // Somebody may chain a chunk with new children to the last one, which stays as it is.
    if (next !== undefined) this.changes.rely(signer, next.mapKey, undefined);
    // Last: until then they lead to what is left.
    for (const mapKey of own) this.changes.remove(signer, mapKey);
  }

  private async removeSpace(owner: Signer, signer: Signer): Promise<void> {
    // With the pointer goes the whole tree.
    this.changes.discard(signer.publicKeyHash);
    await removeWritingSpace(this.operation, owner, signer);
  }
}

/** The signer when it is that of `writer`: a key to the item itself is not needed to remove it. */
function unlessOther(signer: Signer | undefined, writer: PublicKeyHash): Signer | undefined {
  return signer?.publicKeyHash.equals(writer) === true ? signer : undefined;
}
