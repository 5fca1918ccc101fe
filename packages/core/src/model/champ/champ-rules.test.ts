import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareLengthThenUnsigned, equalBytes, toHex, utf8Encode } from '../../bytes.js';
import { Cid, CidCodec, cborMap, decodeCbor, encodeCbor, type CborValue } from '../../codec/index.js';
import { loadCrypto } from '../../crypto/index.js';
import { Bat, BatId } from '../../keys/bat.js';
import { PublicKeyHash } from '../../keys/public-key-hash.js';
import { MemoryBlocks } from '../memory-blocks.js';
import { Champ } from './champ.js';

/**
 * The rules of chapter 03 sections 4.3 to 4.8 and 4.12 written down a second time, as plainly as possible: every step loads, edits,
 * encodes and stores whole nodes. The editor must give the same root CIDs.
 */

const crypto = await loadCrypto();
const owner = PublicKeyHash.fromCid(Cid.ofSha256(crypto.sha256(utf8Encode('owner')), CidCodec.dagCbor));
const context = { owner };
const width = 3;
const inline = 4;
const slots = 8;

type Mapping = readonly [key: Uint8Array, value: CborValue];
interface Plain {
  readonly data: Map<number, readonly Mapping[]>;
  readonly links: Map<number, Cid>;
  bat: BatId | undefined;
}

const bit = (h: Uint8Array, i: number): number => ((h[i >> 3] ?? 0) >> (i & 7)) & 1;
const slotOf = (h: Uint8Array, depth: number): number =>
  bit(h, width * depth) + 2 * bit(h, width * depth + 1) + 4 * bit(h, width * depth + 2);
const sorted = (mappings: readonly Mapping[]): Mapping[] => [...mappings].sort((a, b) => compareLengthThenUnsigned(a[0], b[0]));
const plain = (): Plain => ({ data: new Map(), links: new Map(), bat: undefined });
const copy = (node: Plain): Plain => ({ data: new Map(node.data), links: new Map(node.links), bat: node.bat });
const count = (node: Plain): number => [...node.data.values()].reduce((sum, element) => sum + element.length, 0);
const all = (node: Plain): Mapping[] => sorted([...node.data.values()].flat());

class Rules {
  constructor(
    readonly blocks: MemoryBlocks,
    public mirror: BatId | undefined,
  ) {}

  private bitmap(used: Iterable<number>): Uint8Array {
    const byte = [...used].reduce((sum, s) => sum | (1 << s), 0);
    return byte === 0 ? new Uint8Array() : Uint8Array.of(byte);
  }

  write(node: Plain): Cid {
    const dataSlots = [...node.data.keys()].sort((a, b) => a - b);
    const linkSlots = [...node.links.keys()].sort((a, b) => b - a);
    const list: CborValue = [
      this.bitmap(dataSlots),
      this.bitmap(linkSlots),
      [...dataSlots.map((s) => node.data.get(s)?.flat() ?? []), ...linkSlots.map((s) => node.links.get(s) ?? null)],
    ];
    const value =
      node.bat === undefined
        ? list
        : cborMap([
            ['d', list],
            ['bats', [node.bat.toCbor()]],
          ]);
    return this.blocks.putCbor(encodeCbor(value));
  }

  read(cid: Cid): Plain {
    const value = decodeCbor(this.blocks.find(cid) ?? new Uint8Array());
    const node = plain();
    const map = value instanceof Map ? (value as ReadonlyMap<string, CborValue>) : undefined;
    const first = (map?.get('bats') as CborValue[] | undefined)?.[0];
    if (first !== undefined) node.bat = BatId.fromCbor(first);
    const [d, l, contents] = (map?.get('d') ?? value) as [Uint8Array, Uint8Array, CborValue[]];
    let at = 0;
    for (let s = 0; s < slots; s++) {
      if (bit(d, s) === 0) continue;
      const element = contents[at++] as CborValue[];
      const mappings: Mapping[] = [];
      for (let i = 0; i < element.length; i += 2) mappings.push([element[i] as Uint8Array, element[i + 1] as CborValue]);
      node.data.set(s, mappings);
    }
    for (let s = slots - 1; s >= 0; s--) if (bit(l, s) === 1) node.links.set(s, contents[at++] as Cid);
    return node;
  }

  /** A change of the node itself: at the root it brings the BAT up to date. */
  private own(node: Plain, depth: number): Plain {
    if (depth === 0 && this.mirror !== undefined) node.bat = this.mirror;
    return node;
  }

  put(node: Plain, key: Uint8Array, depth: number, value: CborValue): Plain {
    const s = slotOf(key, depth);
    const next = copy(node);
    const element = node.data.get(s);
    const link = node.links.get(s);
    if (element !== undefined) {
      const rest = element.filter(([k]) => !equalBytes(k, key));
      if (rest.length < element.length || element.length < inline) {
        next.data.set(s, sorted([...rest, [key, value]]));
      } else {
        let child = plain();
        for (const [k, v] of [...element, [key, value] as Mapping]) child = this.put(child, k, depth + 1, v);
        next.data.delete(s);
        next.links.set(s, this.write(child));
      }
      return this.own(next, depth);
    }
    if (link !== undefined) {
      next.links.set(s, this.write(this.put(this.read(link), key, depth + 1, value)));
      return next;
    }
    next.data.set(s, [[key, value]]);
    return this.own(next, depth);
  }

  remove(node: Plain, key: Uint8Array, depth: number): Plain {
    const s = slotOf(key, depth);
    const next = copy(node);
    const element = node.data.get(s);
    const link = node.links.get(s);
    if (element !== undefined) {
      const rest = element.filter(([k]) => !equalBytes(k, key));
      if (depth > 0 && node.links.size === 0 && count(node) === inline + 1) {
        const temporary = plain();
        temporary.data.set(
          slotOf(key, 0),
          all(node).filter(([k]) => !equalBytes(k, key)),
        );
        temporary.bat = this.mirror;
        return temporary;
      }
      if (rest.length === 0) next.data.delete(s);
      else next.data.set(s, rest);
      return this.own(next, depth);
    }
    if (link === undefined) return node;
    const child = this.remove(this.read(link), key, depth + 1);
    if (child.links.size === 0 && count(child) === 0) {
      next.links.delete(s);
      return this.own(next, depth);
    }
    if (child.links.size === 0 && count(child) === inline) {
      if (node.data.size === 0 && node.links.size === 1) return child;
      next.links.delete(s);
      next.data.set(s, all(child));
      return this.own(next, depth);
    }
    next.links.set(s, this.write(child));
    return next;
  }
}

const keyOf = (zeros: number, i: number): Uint8Array => Uint8Array.of(...new Uint8Array(zeros), i, 0x90 | zeros);
const arbitraryKey = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 60 })).map(([zeros, i]) => keyOf(zeros, i));
const bats = [1, 2].map((byte) => Bat.of(new Uint8Array(32).fill(byte)).mirrorId(crypto));

describe.each([
  { name: 'without a BAT', empty: undefined, given: undefined },
  { name: 'with a mirror BAT', empty: 0, given: 0 },
  { name: 'with a BAT that is added later', empty: undefined, given: 0 },
  { name: 'with a BAT that is rotated', empty: 0, given: 1 },
] as const)('same roots as the plain rules $name', ({ empty, given }) => {
  test('over random edits', async () => {
    const step = fc.record({
      key: arbitraryKey,
      value: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      reopen: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const blocks = new MemoryBlocks(crypto);
        const mirror = given === undefined ? undefined : bats[given];
        const rules = new Rules(blocks, mirror);
        const first = plain();
        first.bat = empty === undefined ? undefined : bats[empty];
        let root = rules.write(first);
        let champ = Champ.open(root, blocks, context);
        champ.mirrorBat = mirror;
        const model = new Map<string, number>();
        for (const { key, value, reopen } of steps) {
          const name = toHex(key);
          const existing = model.get(name);
          if (value === existing) continue;
          if (value === undefined) {
            root = rules.write(rules.remove(rules.read(root), key, 0));
            await champ.remove(key, existing);
            model.delete(name);
          } else {
            root = rules.write(rules.put(rules.read(root), key, 0, value));
            await champ.put(key, existing, value);
            model.set(name, value);
          }
          expect(champ.flush(blocks).toString()).toBe(root.toString());
          if (reopen) {
            champ = Champ.open(root, blocks, context);
            champ.mirrorBat = mirror;
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
