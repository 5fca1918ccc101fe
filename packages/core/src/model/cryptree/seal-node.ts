import { assertInstance, assertObject, assertOptionalInstance } from '../../arguments.js';
import { assertBytes } from '../../bytes.js';
import { type FragmentBlock, FragmentedPaddedCipherText, type FragmentedResult } from '../../containers/fragmented-cipher-text.js';
import type { SymmetricLinkToSigner } from '../../containers/symmetric-link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { ArgumentError } from '../../errors.js';
import { Bat, BatId } from '../../keys/bat.js';
import { blockBatList } from '../../keys/bat-prefix.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { BaseSection } from './base-section.js';
import { type ChildEntry, childrenToCbor } from './child-list.js';
import type { ChunkLocation } from './chunk-location.js';
import { CryptreeNode } from './cryptree-node.js';
import { FileProperties } from './file-properties.js';
import { ParentSection } from './parent-section.js';
import { RelativeCapability } from './relative-capability.js';

/** A node and the blocks that its data section refers to; write them before the node. */
export interface SealedChunk {
  readonly node: CryptreeNode;
  /** Empty when the data is in the node itself, or was there before. */
  readonly fragments: readonly FragmentBlock[];
}

interface ChunkParts {
  /** Read key of the item. */
  readonly rBaseKey: SymmetricKey;
  /** Properties to store in this chunk. */
  readonly properties: FileProperties;
  /** Absent on home directories. */
  readonly parentLink?: RelativeCapability | undefined;
  /** The BAT of this chunk; absent on legacy data only. */
  readonly bat?: Bat | undefined;
  /** Where the next chunk is or would be. */
  readonly next: ChunkLocation;
  /** Only on the first chunk of the first item of a writing space: `SymmetricLinkToSigner.create(crypto, wBaseKey, signer)`. */
  readonly signerLink?: SymmetricLinkToSigner | undefined;
  /** The id of the user's mirror BAT; see {@link CryptreeNode.mirrorBatId}. */
  readonly mirrorBatId?: BatId | undefined;
}

/** What {@link sealFileChunk} makes a node of. */
export interface FileChunkParts extends ChunkParts {
  /** Another key than the read key. */
  readonly dataKey: SymmetricKey;
  /** The bytes of the chunk, up to MAX_CHUNK_SIZE; or the data section, sealed ahead or taken over from another node. */
  readonly data: Uint8Array | FragmentedResult;
}

/** What {@link sealDirectoryChunk} makes a node of. */
export interface DirectoryChunkParts extends ChunkParts {
  /** Another key than the read key. */
  readonly parentKey: SymmetricKey;
  /** Whoever adds entries stops at MAX_CHILDREN_PER_CHUNK; a chunk that somebody else filled may be written again as it was. */
  readonly children: readonly ChildEntry[];
}

function assertChunkParts(parts: ChunkParts): void {
  assertObject('parts', parts);
  assertInstance('rBaseKey', parts.rBaseKey, SymmetricKey);
  assertInstance('properties', parts.properties, FileProperties);
  assertOptionalInstance('parentLink', parts.parentLink, RelativeCapability);
  assertOptionalInstance('bat', parts.bat, Bat);
  assertOptionalInstance('mirrorBatId', parts.mirrorBatId, BatId);
}

function assertOtherKey(field: string, key: SymmetricKey, rBaseKey: SymmetricKey): void {
  assertInstance(field, key, SymmetricKey);
  if (key.equals(rBaseKey)) throw new ArgumentError(field, 'must not be the read key');
}

/**
 * Encrypts one chunk of a file (chapter 04 section 14). Draws the nonce of the data, the BATs of its fragments, the nonce of the base and
 * that of the parent section. A file without a BAT (legacy) stays without any BAT id, even a mirror's (section 5.6).
 */
export function sealFileChunk(crypto: CryptoProvider, parts: FileChunkParts): SealedChunk {
  assertChunkParts(parts);
  const { rBaseKey, dataKey, data, properties, parentLink, bat, next, signerLink, mirrorBatId } = parts;
  assertOtherKey('dataKey', dataKey, rBaseKey);
  if (properties.isDirectory || properties.isLink) throw new ArgumentError('properties', 'must be those of a file');
  if (data instanceof Uint8Array) assertBytes('data', data);
  else assertObject('data', data);
  const sealed = data instanceof Uint8Array ? FragmentedPaddedCipherText.seal(crypto, dataKey, data, mirrorBatId) : data;
  const base = BaseSection.of(dataKey, RelativeCapability.toNextChunk(next, rBaseKey), signerLink).seal(crypto, rBaseKey);
  const parent = ParentSection.of(properties, parentLink).seal(crypto, rBaseKey);
  const batIds = bat === undefined ? [] : blockBatList(bat, mirrorBatId);
  return { node: CryptreeNode.of({ base, data: sealed.container, parent, batIds }), fragments: sealed.blocks };
}

/**
 * Encrypts one chunk of a directory or a link node (chapter 04 sections 9 and 10). Draws the nonce of the base section, that of the parent
 * section, that of the list and the BATs of its fragments. A directory without a BAT (legacy) has only the id of the mirror BAT.
 */
export function sealDirectoryChunk(crypto: CryptoProvider, parts: DirectoryChunkParts): SealedChunk {
  assertChunkParts(parts);
  const { rBaseKey, parentKey, children, properties, parentLink, bat, next, signerLink, mirrorBatId } = parts;
  assertOtherKey('parentKey', parentKey, rBaseKey);
  if (!properties.isDirectory && !properties.isLink) throw new ArgumentError('properties', 'must be those of a directory or link node');
  const list = childrenToCbor(children);
  const base = BaseSection.of(parentKey, RelativeCapability.toNextChunk(next, rBaseKey), signerLink).seal(crypto, rBaseKey);
  const parent = ParentSection.of(properties, parentLink).seal(crypto, parentKey);
  const data = FragmentedPaddedCipherText.seal(crypto, rBaseKey, list, mirrorBatId);
  const batIds = bat === undefined ? (mirrorBatId === undefined ? [] : [mirrorBatId]) : blockBatList(bat, mirrorBatId);
  return { node: CryptreeNode.of({ base, data: data.container, parent, batIds }), fragments: data.blocks };
}
