import { equalBytes } from '@pyrgos/core/bytes';
import { FormatError } from '@pyrgos/core/errors';
import type { ChunkLocation } from '@pyrgos/core/model';
import { damagedChunk, type FileChunk } from './file-chunk.js';

/** Chunks between two that are remembered. */
const CHECKPOINT_INTERVAL = 256;

/**
 * The chunks of a file without stream secret, each of which names the next (chapter 04 section 7.3, legacy: read only). FormatError when
 * the chain bites its tail.
 */
export class LegacyChain {
  private readonly checkpoints: FileChunk[];
  private last: FileChunk;

  constructor(
    first: FileChunk,
    private readonly open: (location: ChunkLocation, index: number, signal: AbortSignal | undefined) => Promise<FileChunk>,
  ) {
    this.checkpoints = [first];
    this.last = first;
  }

  /** The chunk `index`; reads all between the nearest remembered one and it. */
  async at(index: number, signal: AbortSignal | undefined): Promise<FileChunk> {
    const slot = Math.min(Math.floor(index / CHECKPOINT_INTERVAL), this.checkpoints.length - 1);
    const checkpoint = this.checkpoints[slot] as FileChunk;
    let chunk = this.last.index <= index && this.last.index > checkpoint.index ? this.last : checkpoint;
    while (chunk.index < index) {
      chunk = await this.open(nextOf(chunk), chunk.index + 1, signal);
      this.refuseLoop(chunk);
      if (chunk.index % CHECKPOINT_INTERVAL === 0) this.checkpoints[chunk.index / CHECKPOINT_INTERVAL] ??= chunk;
    }
    this.last = chunk;
    return chunk;
  }

  /** Every location is compared with the one at the greatest power of two below its index: a loop of any length meets it sooner or later. */
  private refuseLoop({ index, location }: FileChunk): void {
    const power = 2 ** Math.floor(Math.log2(index));
    if (index === power) this.tortoise = location;
    else if (this.tortoise !== undefined && equalBytes(this.tortoise.mapKey, location.mapKey)) {
      throw new FormatError('format.cryptree', 'file', 'the chain of its chunks bites its tail', { data: { chunk: index } });
    }
  }

  private tortoise: ChunkLocation | undefined;
}

function nextOf({ index, opened }: FileChunk): ChunkLocation {
  const { next } = opened;
  if (next === undefined) throw damagedChunk(index, 'names no next one');
  return next.location;
}
