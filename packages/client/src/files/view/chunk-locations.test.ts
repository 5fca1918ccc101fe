import { loadCrypto } from '@pyrgos/core/crypto';
import { type ChunkLocation, ChunkLocation as Location, chunkLocationAt } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { ChunkLocations } from './chunk-locations.js';

const crypto = await loadCrypto();
const secret = new Uint8Array(32).map((_, i) => i);
const first = Location.generate(crypto);

/** The places that are looked at in a file of 100,000 chunks, whatever it claims. */
const powers = [65_536, 131_072].map((index) => ({ index, location: chunkLocationAt(crypto, secret, first, index) }));

function locations(): { readonly chunks: ChunkLocations; readonly asked: (number | undefined)[] } {
  const asked: (number | undefined)[] = [];
  const exists = async (location: ChunkLocation): Promise<boolean> => {
    const index = powers.find((power) => power.location.equals(location))?.index;
    asked.push(index);
    return index === 65_536;
  };
  return { chunks: new ChunkLocations(crypto, secret, first, exists), asked };
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
    expect(asked).toEqual([65_536]);
    expect(await chunks.at(1_000_000_000, undefined)).toBeUndefined();
    expect(asked).toEqual([65_536, 131_072]);
    expect((await chunks.at(90_001, undefined))?.equals(chunkLocationAt(crypto, secret, first, 90_001))).toBe(true);
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
