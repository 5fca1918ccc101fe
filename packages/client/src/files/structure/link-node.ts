import type { CryptoProvider } from '@pyrgos/core/crypto';
import type { BatId } from '@pyrgos/core/keys';
import { type ChildEntry, type FileProperties, type RelativeCapability, sealDirectoryChunk, type SealedChunk } from '@pyrgos/core/model';
import type { DirectoryKeys } from './new-directory.js';

/** What a link node is made of. */
export interface LinkNodeParts {
  /** Of the target. */
  readonly properties: FileProperties;
  /** The name by which the parent lists it. */
  readonly name: string;
  /** The element that leads to the target. */
  readonly child: ChildEntry;
  /** To the directory that lists it. */
  readonly parentLink: RelativeCapability;
  readonly mirrorBatId: BatId | undefined;
}

/**
 * Encrypts a link node (chapter 04 section 10): it stands in the writing space of the parent for a child in another one. Only its name
 * counts, so thumbnail, stream secret and hashes of the target are left out.
 */
export function sealLinkNode(crypto: CryptoProvider, keys: DirectoryKeys, parts: LinkNodeParts): SealedChunk {
  const { properties, name, child, parentLink, mirrorBatId } = parts;
  return sealDirectoryChunk(crypto, {
    rBaseKey: keys.capability.rBaseKey,
    parentKey: keys.parentKey,
    properties: properties.with({ name, isLink: true, thumbnail: undefined, streamSecret: undefined, treeHash: undefined }),
    parentLink,
    bat: keys.capability.bat,
    next: keys.next,
    children: [child],
    mirrorBatId,
  });
}
