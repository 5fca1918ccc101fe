import { type PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { chunkCount, chunkLength, type ChunkLocation, fitChunk, openFileData, openNode } from '@pyrgos/core/model';
import { ChunkLocations } from './chunk-locations.js';
import type { Item } from './item.js';
import { damagedChunk, type FileChunk, type FoundChunk, missingChunk, requireChunk } from './file-chunk.js';
import { LegacyChain } from './legacy-chain.js';
import { isDamage, loadNode, loadNodes, type LoadedNode } from './load-nodes.js';
import { requireNode } from './open-item.js';
import type { View } from './view.js';

/**
 * The chunks of one file (chapter 04 sections 7 and 12.2), by index. The properties of the first one count: how many there are and how long
 * each is follows from its size alone.
 */
export class FileChunks {
  /** Bytes of the file. */
  readonly size: number;
  /** Number of chunks; at least 1. */
  readonly count: number;
  private readonly locations: ChunkLocations | LegacyChain;

  /** `item` is a file that can be read; use the view in which it was opened. */
  constructor(
    private readonly view: View,
    private readonly item: Item,
  ) {
    const { properties } = item.requireFile().opened;
    this.size = properties.size;
    this.count = chunkCount(properties.size);
    const { streamSecret } = properties;
    this.locations =
      streamSecret === undefined
        ? new LegacyChain(this.first, (location, index, signal) => this.open(location, index, signal))
        : new ChunkLocations(view.crypto, streamSecret, item.capability.location, (places, signal) => this.exist(places, signal));
  }

  /** Whether later chunks can be found without reading those before them: not so in legacy files (section 7.3). */
  get isSeekable(): boolean {
    return this.locations instanceof ChunkLocations;
  }

  /** Bytes of the file in a chunk, whatever is stored there. */
  sizeOf(index: number): number {
    return chunkLength(this.size, index);
  }

  /** The node of one chunk. FormatError when there is none or it is no file; otherwise the errors of reading it. */
  async chunk(index: number, signal: AbortSignal | undefined): Promise<FileChunk> {
    const [found] = await this.find(index, index + 1, signal);
    return requireChunk(index, found);
  }

  /**
   * What is there of the chunks [start, end), in as few requests as possible: undefined for one that is missing, an error for one that is
   * damaged, which does not affect the others. In a legacy file each chunk is a request.
   */
  async find(start: number, end: number, signal: AbortSignal | undefined): Promise<readonly FoundChunk[]> {
    throwIfAborted(signal, 'reading a file');
    if (start === 0 && end === 1) return [this.first];
    const { locations } = this;
    if (locations instanceof LegacyChain) return this.findLegacy(locations, start, end, signal);
    const wanted: ChunkLocation[] = [];
    for (let index = start; index < end; index++) {
      const location = await locations.at(index, signal);
      if (location === undefined) break;
      wanted.push(location);
    }
    const { owner, writer } = this.item.capability;
    const nodes = await loadNodes(this.view, owner, writer, wanted, { signal });
    return Array.from({ length: end - start }, (_, i) => {
      if (start + i === 0) return this.first;
      const node = nodes[i];
      if (node === undefined) return undefined;
      return node.error ?? settled(() => this.opened(start + i, wanted[i] as ChunkLocation, node));
    });
  }

  private async findLegacy(chain: LegacyChain, start: number, end: number, signal: AbortSignal | undefined): Promise<FoundChunk[]> {
    const found: FoundChunk[] = [];
    for (let index = start; index < end; index++) {
      try {
        found.push(await chain.at(index, signal));
      } catch (error) {
        if (!isDamage(error)) throw error;
        // There is no way past it.
        while (found.length < end - start) found.push(error);
        break;
      }
    }
    return found;
  }

  /** The decrypted bytes of a chunk, exactly as many as the file has there: cut when more are stored, filled with zeros when fewer. */
  async content(chunk: FileChunk, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return fitChunk(await this.storedContent(chunk, signal), this.size, chunk.index);
  }

  /** The decrypted bytes of a chunk as they are stored. */
  async storedContent({ index, node, opened }: FileChunk, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (opened.dataKey === undefined) throw damagedChunk(index, 'has no data key');
    // Small data is decrypted in less time than a thread takes to hear of it.
    const opener = node.data.isInline ? this.view.crypto : this.view.pool;
    return openFileData(opener, node, opened.dataKey, this.view.fragmentReader(this.item.owner, signal));
  }

  private get first(): FileChunk {
    const { cid, node, opened } = this.item;
    return { index: 0, location: this.item.capability.location, cid, node, opened };
  }

  private async open(location: ChunkLocation, index: number, signal: AbortSignal | undefined): Promise<FileChunk> {
    const { owner, writer } = this.item.capability;
    const result = await loadNode(this.view, owner, writer, location, { signal });
    return this.opened(index, location, result === undefined ? missingChunk(index) : requireNode(result));
  }

  private opened(index: number, location: ChunkLocation, { cid, node }: LoadedNode): FileChunk {
    const opened = openNode(this.view.crypto, node, this.item.capability.withLocation(location));
    if (opened.kind !== 'file') throw damagedChunk(index, 'is no chunk of a file');
    return { index, location, cid, node, opened };
  }

  private async exist(locations: readonly ChunkLocation[], signal: AbortSignal | undefined): Promise<boolean> {
    const { owner, writer } = this.item.capability;
    return (await loadNodes(this.view, owner, writer, locations, { signal })).every((node) => node !== undefined);
  }
}

/** What `open` gives, or what is wrong with the chunk. */
function settled(open: () => FileChunk): FileChunk | PyrgosError {
  try {
    return open();
  } catch (error) {
    if (isDamage(error)) return error;
    throw error;
  }
}
