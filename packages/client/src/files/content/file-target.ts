import type { SymmetricLinkToSigner } from '@pyrgos/core/containers';
import type { CryptoProvider, Hasher } from '@pyrgos/core/crypto';
import { DeniedError } from '@pyrgos/core/errors';
import { type BatId, type Signer, SymmetricKey } from '@pyrgos/core/keys';
import {
  AbsoluteCapability,
  ChunkLocation,
  chunkLocationAt,
  RelativeCapability,
  ResumeUploadProps,
  STREAM_SECRET_SIZE,
} from '@pyrgos/core/model';
import type { Item } from '../view/index.js';

/** What all chunks of one file have in common while it is written (chapter 04 section 2 rule 2). */
export interface FileTarget {
  /** Of the first chunk; writable. */
  readonly capability: AbsoluteCapability;
  readonly signer: Signer;
  readonly dataKey: SymmetricKey;
  readonly streamSecret: Uint8Array;
  readonly parentLink: RelativeCapability | undefined;
  readonly mirrorBatId: BatId | undefined;
  /** For chunk 0 only. */
  readonly signerLink: SymmetricLinkToSigner | undefined;
}

/** Fresh secrets for a new file (chapter 04 section 14 step 4). */
export function newFileSecrets(crypto: CryptoProvider): ResumeUploadProps {
  return ResumeUploadProps.of({
    wBaseKey: SymmetricKey.generate(crypto),
    rBaseKey: SymmetricKey.generate(crypto),
    dataKey: SymmetricKey.generate(crypto),
    first: ChunkLocation.generate(crypto),
    streamSecret: newStreamSecret(crypto),
  });
}

/** A fresh stream secret. */
export function newStreamSecret(crypto: CryptoProvider): Uint8Array {
  return crypto.randomBytes(STREAM_SECRET_SIZE);
}

/** A new file with these secrets in `directory` and its writing space (section 14 step 7). */
export function newFileTarget(directory: Item, secrets: ResumeUploadProps, mirrorBatId: BatId | undefined): FileTarget {
  const { owner, writer } = directory;
  const { first, rBaseKey, wBaseKey, dataKey, streamSecret } = secrets;
  return {
    capability: AbsoluteCapability.of({ owner, writer, mapKey: first.mapKey, bat: first.bat, rBaseKey, wBaseKey }),
    signer: directory.requireSigner(),
    dataKey,
    streamSecret,
    parentLink: RelativeCapability.toParent(directory.capability, directory.opened.parentKey, writer),
    mirrorBatId: directory.node.mirrorBatId ?? mirrorBatId,
    signerLink: undefined,
  };
}

/** A file that exists, under its own keys; `newKeys` replaces those that cleaning changes (section 15.4). DeniedError without access. */
export function existingFileTarget(
  file: Item,
  newKeys?: { readonly dataKey: SymmetricKey; readonly streamSecret: Uint8Array },
): FileTarget {
  const { capability, node, opened } = file.requireFile();
  const { properties, parentLink, base } = opened;
  const dataKey = newKeys?.dataKey ?? opened.dataKey;
  const streamSecret = newKeys?.streamSecret ?? properties.streamSecret;
  if (dataKey === undefined || streamSecret === undefined) throw new DeniedError('denied.file', 'The keys of this file are not at hand.');
  return {
    capability,
    signer: file.requireSigner(),
    dataKey,
    streamSecret,
    parentLink,
    mirrorBatId: node.mirrorBatId,
    signerLink: base?.signerLink,
  };
}

/** The locations of the chunks of a file (section 7.2). Cheap as long as they are asked for in ascending order. */
export class TargetLocations {
  private index = 0;
  private location: ChunkLocation;

  constructor(
    private readonly hasher: Hasher,
    private readonly target: Pick<FileTarget, 'capability' | 'streamSecret'>,
  ) {
    this.location = target.capability.location;
  }

  /** Where chunk `index` is or would be. */
  at(index: number): ChunkLocation {
    if (index < this.index) {
      this.index = 0;
      this.location = this.target.capability.location;
    }
    this.location = chunkLocationAt(this.hasher, this.target.streamSecret, this.location, index - this.index);
    this.index = index;
    return this.location;
  }
}
