import type { CryptoProvider } from '@pyrgos/core/crypto';
import { type BatId, type PublicKeyHash, type Signer, SymmetricKey } from '@pyrgos/core/keys';
import { SymmetricLinkToSigner } from '@pyrgos/core/containers';
import {
  AbsoluteCapability,
  type ChildEntry,
  ChunkLocation,
  FileProperties,
  type RelativeCapability,
  sealDirectoryChunk,
  type SealedChunk,
  type Timestamp,
} from '@pyrgos/core/model';

/** The keys and places of a directory that is about to be made; all random (chapter 04 section 19.1). */
export interface DirectoryKeys {
  /** Writable. */
  readonly capability: AbsoluteCapability;
  readonly parentKey: SymmetricKey;
  /** Where its second chunk would be. */
  readonly next: ChunkLocation;
}

/** A random writable capability for something new in a writing space (chapter 04 section 2). `rBaseKey`: a read key that was agreed upon. */
export function newCapability(
  crypto: CryptoProvider,
  owner: PublicKeyHash,
  writer: PublicKeyHash,
  rBaseKey: SymmetricKey = SymmetricKey.generate(crypto),
): AbsoluteCapability {
  const { mapKey, bat } = ChunkLocation.generate(crypto);
  return AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey, wBaseKey: SymmetricKey.generate(crypto) });
}

/** Keys and places for a new directory; see {@link newCapability}. */
export function newDirectoryKeys(
  crypto: CryptoProvider,
  owner: PublicKeyHash,
  writer: PublicKeyHash,
  rBaseKey?: SymmetricKey,
): DirectoryKeys {
  return {
    capability: newCapability(crypto, owner, writer, rBaseKey),
    parentKey: SymmetricKey.generate(crypto),
    next: ChunkLocation.generate(crypto),
  };
}

/** What a new directory is like besides its keys. */
export interface NewDirectoryParts {
  readonly name: string;
  readonly time: Timestamp;
  readonly isHidden: boolean;
  /** Absent on a home directory. */
  readonly parentLink: RelativeCapability | undefined;
  readonly children: readonly ChildEntry[];
  readonly mirrorBatId: BatId | undefined;
  /** The signer of a writing space whose first item this is. */
  readonly signer?: Signer;
}

/** Encrypts the only chunk of a new directory (chapter 04 sections 11.2 and 19.1). */
export function sealNewDirectory(crypto: CryptoProvider, keys: DirectoryKeys, parts: NewDirectoryParts): SealedChunk {
  const { capability, parentKey, next } = keys;
  const { name, time, isHidden, parentLink, children, mirrorBatId, signer } = parts;
  const { wBaseKey } = capability;
  return sealDirectoryChunk(crypto, {
    rBaseKey: capability.rBaseKey,
    parentKey,
    properties: FileProperties.of({ name, isDirectory: true, isHidden, mimeType: '', size: 0, modified: time, created: time }),
    parentLink,
    bat: capability.bat,
    next,
    signerLink: signer === undefined || wBaseKey === undefined ? undefined : SymmetricLinkToSigner.create(crypto, wBaseKey, signer),
    children,
    mirrorBatId,
  });
}
