import type { Cid } from '@pyrgos/core/codec';
import type { HashTree } from '@pyrgos/core/containers';
import { type ChildEntry, type CryptreeNode, type FileProperties, openNode, withProperties } from '@pyrgos/core/model';
import type { ChunkChanges } from '../structure/chunk-changes.js';
import type { NewEntry } from '../structure/directory-edit.js';
import { Item, type OperationView, type View } from '../view/index.js';
import { type FileTarget, TargetLocations } from './file-target.js';
import { type PlainChunk, sealChunk, type SealedFileChunk } from './seal-chunks.js';

/** A file that is about to be written: where, with which keys and properties. */
export interface NewFile {
  readonly target: FileTarget;
  /** Final ones, but for size and hash of a stream. */
  readonly properties: FileProperties;
}

/** How a directory is to list a new file (chapter 04 section 14 step 10). */
export function entryForFile({ target, properties }: NewFile): NewEntry {
  const { name, mimeType, created } = properties;
  return { name, capability: target.capability, isDirectory: false, mimeType, created };
}

/** A file of one chunk that was noted in changes. */
export interface StagedFile {
  readonly cid: Cid;
  readonly node: CryptreeNode;
}

/**
 * Encrypts a file of one chunk and notes it in `changes`, fragments included; nothing is committed. `existing` is what is known to be at its
 * place.
 */
export async function stageSmallFile(
  operation: OperationView,
  changes: ChunkChanges,
  { target, properties }: NewFile,
  content: Pick<PlainChunk, 'data' | 'leaf'> & { readonly tree: HashTree | undefined },
  existing?: Cid,
): Promise<StagedFile> {
  const locations = new TargetLocations(operation.crypto, target);
  const chunk = { index: 0, data: content.data, leaf: content.leaf, location: locations.at(0), next: locations.at(1) };
  const branchOf = (index: number): ReturnType<HashTree['branch']> | undefined => content.tree?.branch(index);
  const { sealed } = await sealChunk(operation, target, chunk, { properties, branchOf }, operation.signal);
  return { cid: changes.put(target.signer, chunk.location.mapKey, existing, sealed), node: sealed.node };
}

/** A file that was staged, as it will be; `entry` is how its directory lists it. */
export function stagedItem(view: View, { target }: NewFile, { cid, node }: StagedFile, entry: ChildEntry): Item {
  const { capability, signer } = target;
  const opened = openNode(view.crypto, node, capability);
  return new Item({ capability, cid, node, opened, properties: opened.properties, signer, entry });
}

/** A sealed chunk with other properties (section 13.2): what is known only when the last chunk was read. */
export function resealProperties(
  view: View,
  { capability }: FileTarget,
  { location, sealed }: SealedFileChunk,
  properties: FileProperties,
): SealedFileChunk['sealed'] {
  const opened = openNode(view.crypto, sealed.node, capability.withLocation(location));
  return { node: withProperties(view.crypto, sealed.node, opened, properties), fragments: sealed.fragments };
}
