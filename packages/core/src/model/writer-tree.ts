import { assertBytesList, assertMethods, assertObject } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import { Cid } from '../codec/cid.js';
import { ArgumentError, FormatError } from '../errors.js';
import type { BlockReadContext, BlockSink, BlockSource } from '../store/block-store.js';
import { MAP_KEY_SIZE } from './map-key.js';
import { Champ } from './champ/index.js';
import { WriterData } from './writer-data.js';

function checkKey(mapKey: Uint8Array): void {
  assertBytes('mapKey', mapKey, MAP_KEY_SIZE);
}

function checkCid(field: string, cid: unknown): void {
  if (!(cid instanceof Cid)) throw new ArgumentError(field, 'must be a Cid');
}

/**
 * The filesystem CHAMP of a writer (chapter 03 section 7): 32-byte map keys to CIDs of chunk metadata blocks. Operations take and
 * return {@link WriterData} values; none changes the pointer. New nodes go into `sink`, and `source` must give them back.
 */
export class WriterTree {
  constructor(
    private readonly source: BlockSource,
    private readonly sink: BlockSink,
    private readonly context: BlockReadContext,
  ) {
    assertMethods('source', source, 'getBlock');
    assertMethods('sink', sink, 'putCbor');
    assertObject('context', context);
  }

  /** The CID stored for a map key, or undefined. FormatError `format.writer-data` when the writer has no tree. */
  async get(base: WriterData, mapKey: Uint8Array): Promise<Cid | undefined> {
    checkKey(mapKey);
    const value = await this.open(base).get(mapKey);
    if (value === undefined || value instanceof Cid) return value;
    throw new FormatError('format.champ', 'WriterData.tree', 'must hold links');
  }

  /**
   * Maps a key to `value`. `existing` is the CID under which the caller read the chunk, undefined for a new one; a difference is a
   * ConflictError `conflict.champ`. A writer without tree gets one.
   */
  async put(base: WriterData, mapKey: Uint8Array, existing: Cid | undefined, value: Cid): Promise<WriterData> {
    checkKey(mapKey);
    if (existing !== undefined) checkCid('existing', existing);
    checkCid('value', value);
    const champ = base.tree === undefined ? Champ.empty(this.source, this.context) : this.open(base);
    await champ.put(mapKey, existing, value);
    return base.with({ tree: champ.flush(this.sink) });
  }

  /**
   * Removes a key whose value is `existing`; a difference is a ConflictError `conflict.champ`. An absent key may be ignored or a
   * conflict (section 4.7): get it first. FormatError when the writer has no tree.
   */
  async remove(base: WriterData, mapKey: Uint8Array, existing: Cid): Promise<WriterData> {
    checkKey(mapKey);
    checkCid('existing', existing);
    const champ = this.open(base);
    await champ.remove(mapKey, existing);
    return base.with({ tree: champ.flush(this.sink) });
  }

  /** Removes many keys in one go without comparing values; absent ones are ignored. FormatError when the writer has no tree. */
  async removeAll(base: WriterData, mapKeys: readonly Uint8Array[]): Promise<WriterData> {
    assertBytesList('mapKeys', mapKeys);
    for (const mapKey of mapKeys) checkKey(mapKey);
    const champ = this.open(base);
    await champ.removeAll(mapKeys);
    return base.with({ tree: champ.flush(this.sink) });
  }

  private open(base: WriterData): Champ {
    if (!(base instanceof WriterData)) throw new ArgumentError('base', 'must be a WriterData');
    if (base.tree === undefined) throw new FormatError('format.writer-data', 'WriterData.tree', 'is missing');
    return Champ.open(base.tree, this.source, this.context);
  }
}
