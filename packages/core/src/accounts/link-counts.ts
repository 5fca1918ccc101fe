import { assertList, assertObject } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { MAX_LINK_LABEL } from '../model/link-label.js';

/** How often a secret link was opened. */
export interface LinkCount {
  /** 1 to 2^63 - 1. */
  readonly label: bigint;
  readonly count: number;
  /** Seconds since the epoch. */
  readonly modified: number;
}

/** The retrieval counts of a user's secret links (chapter 06 section 11.6). Immutable. */
export class LinkCounts implements ToCbor {
  private constructor(readonly counts: readonly LinkCount[]) {}

  /** Builds counts; labels may be numbers while they are safe integers. */
  static of(counts: readonly { readonly label: bigint | number; readonly count: number; readonly modified: number }[]): LinkCounts {
    assertList('counts', counts);
    return new LinkCounts(
      Array.from(counts, (item, i) => {
        assertObject(`counts[${i}]`, item);
        const { label, count, modified } = item;
        if (typeof label !== 'bigint') assertInteger(`counts[${i}].label`, label, 1, Number.MAX_SAFE_INTEGER);
        const exact = BigInt(label);
        if (exact < 1n || exact > MAX_LINK_LABEL) throw new ArgumentError(`counts[${i}].label`, 'must be from 1 to 2^63 - 1');
        assertInteger(`counts[${i}].count`, count, 0, Number.MAX_SAFE_INTEGER);
        assertInteger(`counts[${i}].modified`, modified, 0, Number.MAX_SAFE_INTEGER);
        return { label: exact, count, modified };
      }),
    );
  }

  /** Reads the map `{"d": [label, count, modified, …]}`. */
  static fromCbor(value: CborValue, where = 'LinkCounts'): LinkCounts {
    const fields = CborFields.map('format.account', where, value);
    const flat = CborFields.list('format.account', fields.path('d'), fields.list('d'));
    if (flat.size % 3 !== 0) return fields.fail('d', 'must be made of triples');
    return new LinkCounts(
      Array.from({ length: flat.size / 3 }, (_, i) => {
        const label = flat.bigInt(3 * i);
        if (label < 1n) return flat.fail(3 * i, 'must be positive');
        return { label, count: flat.integer(3 * i + 1, 0), modified: flat.integer(3 * i + 2, 0) };
      }),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): LinkCounts {
    return LinkCounts.fromCbor(decodeCbor(bytes));
  }

  /** Value equality, of the order too. */
  equals(other: LinkCounts | undefined): boolean {
    return (
      other instanceof LinkCounts &&
      this.counts.length === other.counts.length &&
      this.counts.every(({ label, count, modified }, i) => {
        const same = other.counts[i];
        return same !== undefined && label === same.label && count === same.count && modified === same.modified;
      })
    );
  }

  /** The map `{"d": [label, count, modified, …]}`. */
  toCbor(): CborValue {
    return cborMap([['d', this.counts.flatMap(({ label, count, modified }) => [label, count, modified])]]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
