import { assertInstance, assertMethods, assertOptionalInstance } from '../../arguments.js';
import { assertBytes, assertInteger, concatBytes, copyBytes, equalBytes } from '../../bytes.js';
import type { Hasher, RandomSource } from '../../crypto/provider.js';
import { drawRandomBytes } from '../../crypto/random.js';
import { Bat, type BatWithId } from '../../keys/bat.js';
import { MAX_HASH_TREE_LEAVES } from '../../limits.js';
import { MAP_KEY_SIZE } from '../map-key.js';
import { ChunkMirrorCap } from '../champ/chunk-mirror-cap.js';

/** Bytes of the secret from which the locations of a file's chunks follow (chapter 04 section 7.2). */
export const STREAM_SECRET_SIZE = 32;

/** Where one chunk is in its writer's tree, and the BAT that opens it (chapter 04 section 5.6). Immutable. */
export class ChunkLocation {
  private constructor(
    /** 32 bytes; never modify them. */
    readonly mapKey: Uint8Array,
    /** Absent on legacy data only. */
    readonly bat: Bat | undefined,
  ) {}

  /** Copies the map key. */
  static of(mapKey: Uint8Array, bat?: Bat): ChunkLocation {
    assertBytes('mapKey', mapKey, MAP_KEY_SIZE);
    assertOptionalInstance('bat', bat, Bat);
    return new ChunkLocation(copyBytes(mapKey), bat);
  }

  /** A fresh random location: the map key is drawn first, then the BAT. */
  static generate(random: RandomSource): ChunkLocation {
    const mapKey = drawRandomBytes(random, MAP_KEY_SIZE);
    return new ChunkLocation(copyBytes(mapKey), Bat.generate(random));
  }

  /** The BAT in the form in which block reads present it; undefined on legacy data. */
  batWithId(hasher: Hasher): BatWithId | undefined {
    return this.bat?.withCalculatedId(hasher);
  }

  /** The key of a champ lookup (chapter 03 section 10.1). */
  toMirrorCap(hasher: Hasher): ChunkMirrorCap {
    return ChunkMirrorCap.of(this.mapKey, this.batWithId(hasher));
  }

  /** Value equality. */
  equals(other: ChunkLocation | undefined): boolean {
    return (
      other instanceof ChunkLocation &&
      equalBytes(this.mapKey, other.mapKey) &&
      (this.bat === undefined ? other.bat === undefined : this.bat.equals(other.bat))
    );
  }
}

function step(hasher: Pick<Hasher, 'sha256'>, secret: Uint8Array, location: ChunkLocation): ChunkLocation {
  const mapKey = hasher.sha256(concatBytes(secret, location.mapKey));
  const { bat } = location;
  return ChunkLocation.of(mapKey, bat === undefined ? undefined : Bat.of(hasher.sha256(concatBytes(secret, bat.secret))));
}

function assertDerivation(hasher: Pick<Hasher, 'sha256'>, streamSecret: Uint8Array, location: ChunkLocation): void {
  assertMethods('hasher', hasher, 'sha256');
  assertBytes('streamSecret', streamSecret, STREAM_SECRET_SIZE);
  assertInstance('location', location, ChunkLocation);
}

/** Where the chunk after the one at `location` is: map key and BAT are hashed, each behind the stream secret (chapter 04 section 7.2). */
export function nextChunkLocation(hasher: Pick<Hasher, 'sha256'>, streamSecret: Uint8Array, location: ChunkLocation): ChunkLocation {
  assertDerivation(hasher, streamSecret, location);
  return step(hasher, streamSecret, location);
}

/**
 * Where chunk `index` is, counted from 0 at `first`: two hashes for every chunk before it (chapter 04 section 7.2). At most
 * MAX_HASH_TREE_LEAVES; whoever walks on from there uses {@link nextChunkLocation}.
 */
export function chunkLocationAt(
  hasher: Pick<Hasher, 'sha256'>,
  streamSecret: Uint8Array,
  first: ChunkLocation,
  index: number,
): ChunkLocation {
  assertDerivation(hasher, streamSecret, first);
  assertInteger('index', index, 0, MAX_HASH_TREE_LEAVES);
  let location = first;
  for (let i = 0; i < index; i++) location = step(hasher, streamSecret, location);
  return location;
}

/** The locations of chunk 0, 1, 2 and so on, without end. */
export function* chunkLocations(
  hasher: Pick<Hasher, 'sha256'>,
  streamSecret: Uint8Array,
  first: ChunkLocation,
): Generator<ChunkLocation, never, void> {
  assertDerivation(hasher, streamSecret, first);
  for (let location = first; ; location = step(hasher, streamSecret, location)) yield location;
}
