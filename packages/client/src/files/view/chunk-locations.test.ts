import { toHex } from '@pyrgos/core/bytes';
import { loadCrypto, withRandomSource } from '@pyrgos/core/crypto';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { type ChunkLocation, ChunkLocation as Location, chunkLocationAt, chunkLocations } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { ChunkLocations } from './chunk-locations.js';

const crypto = await loadCrypto();
const secret = new Uint8Array(32).map((_, i) => i);
const first = Location.generate(crypto);

/** Every place that may be looked at, by its map key. */
const indices = new Map<string, number>();
for (const [index, { mapKey }] of walk(131_072)) indices.set(toHex(mapKey), index);

function* walk(count: number): Generator<readonly [number, ChunkLocation]> {
  let index = 0;
  for (const location of chunkLocations(crypto, secret, first)) {
    yield [index, location];
    if (index++ === count) return;
  }
}

/** Locations in a file that has the chunks for which `has` is true, and what was looked for. */
function locations(has = (index: number): boolean => index < 100_000): { readonly chunks: ChunkLocations; readonly asked: number[][] } {
  const asked: number[][] = [];
  const exist = async (places: readonly ChunkLocation[]): Promise<boolean> => {
    const wanted = places.map(({ mapKey }) => indices.get(toHex(mapKey)) ?? -1);
    asked.push(wanted);
    return wanted.every(has);
  };
  return { chunks: new ChunkLocations(withRandomSource(crypto, seededRandom(5)), secret, first, exist), asked };
}

describe('locations of chunks', () => {
  test('are those of section 7.2, in any order', async () => {
    const { chunks, asked } = locations();
    for (const index of [0, 1, 5, 4, 3000, 2999, 1024, 1023, 3001, 0, 5000]) {
      expect((await chunks.at(index, undefined))?.equals(chunkLocationAt(crypto, secret, first, index)), `${index}`).toBe(true);
    }
    expect(asked).toEqual([]);
  });

  test('far away are looked for only when the file goes so far', async () => {
    const { chunks, asked } = locations();
    expect((await chunks.at(90_000, undefined))?.equals(chunkLocationAt(crypto, secret, first, 90_000))).toBe(true);
    expect(asked.map(([at]) => at)).toEqual([65_536]);
    expect(await chunks.at(1_000_000_000, undefined)).toBeUndefined();
    expect(asked.map(([at]) => at)).toEqual([65_536, 131_072]);
    expect((await chunks.at(90_001, undefined))?.equals(chunkLocationAt(crypto, secret, first, 90_001))).toBe(true);
  });

  test('far away are not believed in for a few chunks at the places where one could look (section 12.2)', async () => {
    for (const has of [
      (index: number) => index % 65_536 === 0,
      (index: number) => index % 1024 === 0,
      (index: number) => index % 2 === 0,
    ]) {
      const { chunks, asked } = locations(has);
      expect(await chunks.at(1_000_000_000, undefined)).toBeUndefined();
      expect(asked.map(([at]) => at)).toEqual([65_536]);
      // One request.
      expect(asked[0]!.length).toBeLessThanOrEqual(MAX_CHAMP_LOOKUPS);
      expect(asked[0]!.every((index) => index >= 0 && index <= 65_536)).toBe(true);
      expect(new Set(asked[0]).size).toBeGreaterThan(10);
    }
  });

  test('are not looked for any longer than the caller wants', async () => {
    const { chunks } = locations();
    const controller = new AbortController();
    const far = outcome(chunks.at(60_000, controller.signal));
    controller.abort();
    expect(await far).toBe('aborted');
    expect((await chunks.at(2, undefined))?.equals(chunkLocationAt(crypto, secret, first, 2))).toBe(true);
  });
});
