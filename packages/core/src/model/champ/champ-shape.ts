import { assertObject } from '../../arguments.js';
import { assertInteger } from '../../bytes.js';
import { ArgumentError } from '../../errors.js';

/** What distinguishes the CHAMPs of the system (chapter 03 section 4.1). */
export interface ChampOptions {
  /** The path hash of a key; the default is the key itself, which suits random keys and hashes. */
  readonly hashKey?: (key: Uint8Array) => Uint8Array;
  /** Bits per level, 1 to 8; every CHAMP of the system uses 3. */
  readonly bitWidth?: number;
  /** Most mappings in one slot, 1 to 16; every CHAMP of the system uses 4. */
  readonly maxInline?: number;
}

/** Checked parameters of one CHAMP. */
export class ChampShape {
  readonly hashKey: (key: Uint8Array) => Uint8Array;
  readonly bitWidth: number;
  readonly maxInline: number;
  /** Slots per node: 2^bitWidth. */
  readonly slots: number;

  /** Checks the options; ArgumentError. */
  constructor(options: ChampOptions = {}) {
    assertObject('options', options);
    const { hashKey = (key: Uint8Array): Uint8Array => key, bitWidth = 3, maxInline = 4 } = options;
    if (typeof hashKey !== 'function') throw new ArgumentError('hashKey', 'must be a function');
    assertInteger('bitWidth', bitWidth, 1, 8);
    assertInteger('maxInline', maxInline, 1, 16);
    this.hashKey = hashKey;
    this.bitWidth = bitWidth;
    this.maxInline = maxInline;
    this.slots = 2 ** bitWidth;
  }

  /** The slot of a path hash at a depth: bits numbered from the least significant, zero beyond the end (chapter 03 section 4.2). */
  slotOf(hash: Uint8Array, depth: number): number {
    const bit = this.bitWidth * depth;
    const at = bit >> 3;
    const window = (hash[at] ?? 0) | ((hash[at + 1] ?? 0) << 8);
    return (window >> (bit & 7)) & (this.slots - 1);
  }
}
