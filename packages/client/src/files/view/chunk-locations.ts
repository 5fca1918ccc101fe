import type { Hasher, RandomSource } from '@pyrgos/core/crypto';
import { throwIfAborted } from '@pyrgos/core/errors';
import { type ChunkLocation, nextChunkLocation } from '@pyrgos/core/model';
import { takeTurn } from '../../waiting/take-turn.js';

/** Chunks between two locations that are remembered. */
const CHECKPOINT_INTERVAL = 1024;
/** Chunks that are derived before others get their turn; some milliseconds. */
const STEPS_PER_TURN = 1024;
/** Beyond this many chunks, 320 GiB, it is looked whether the file goes so far before time is spent on more. */
const TRUSTED_CHUNKS = 65_536;
/**
 * Chunks on the way that are looked for as well, at places that nobody can foresee: a few chunks where one always looks would be cheap to
 * store. One request with the last one.
 */
const RANDOM_PROBES = 15;

/**
 * The locations of a file's chunks, derived one from the other with the stream secret of the first (chapter 04 section 7.2). Remembers a
 * few, so that going on, or back, costs little.
 */
export class ChunkLocations {
  private readonly checkpoints: ChunkLocation[];
  private last: { readonly index: number; readonly location: ChunkLocation };
  private trusted = TRUSTED_CHUNKS;

  /** `exist` tells whether there is a chunk at all of some locations, at most 20: it is asked for far ones only. */
  constructor(
    private readonly crypto: Hasher & RandomSource,
    private readonly streamSecret: Uint8Array,
    first: ChunkLocation,
    private readonly exist: (locations: readonly ChunkLocation[], signal: AbortSignal | undefined) => Promise<boolean>,
  ) {
    this.checkpoints = [first];
    this.last = { index: 0, location: first };
  }

  /** Where the chunk `index` is or would be; undefined when the file ends long before, whatever size it claims. */
  async at(index: number, signal: AbortSignal | undefined): Promise<ChunkLocation | undefined> {
    for (; index > this.trusted; this.trusted *= 2) {
      if (!(await this.reach(this.trusted, signal))) return undefined;
    }
    return this.derive(index, signal);
  }

  /** Whether the file goes as far as chunk `last`, in all probability. */
  private async reach(last: number, signal: AbortSignal | undefined): Promise<boolean> {
    const places = [await this.derive(last, signal)];
    const { buffer } = this.crypto.randomBytes(4 * RANDOM_PROBES).slice();
    for (const random of new Uint32Array(buffer)) places.push(await this.derive(random % last, signal));
    return this.exist(places, signal);
  }

  private async derive(index: number, signal: AbortSignal | undefined): Promise<ChunkLocation> {
    let { index: from, location } = this.startFor(index);
    while (from < index) {
      location = nextChunkLocation(this.crypto, this.streamSecret, location);
      from++;
      if (from % CHECKPOINT_INTERVAL === 0) this.checkpoints[from / CHECKPOINT_INTERVAL] ??= location;
      if (from % STEPS_PER_TURN === 0) {
        await takeTurn();
        throwIfAborted(signal, 'seeking in a file');
      }
    }
    this.last = { index, location };
    return location;
  }

  /** The nearest known location at or before `index`. */
  private startFor(index: number): { readonly index: number; readonly location: ChunkLocation } {
    const slot = Math.min(Math.floor(index / CHECKPOINT_INTERVAL), this.checkpoints.length - 1);
    const checkpoint = { index: slot * CHECKPOINT_INTERVAL, location: this.checkpoints[slot] as ChunkLocation };
    return this.last.index <= index && this.last.index > checkpoint.index ? this.last : checkpoint;
  }
}
