import { expect, test } from 'vitest';
import { fromHex, toHex } from './bytes.js';
import { decodeCbor, encodeCbor, parseCid } from './codec/index.js';
test('cbor', () => {
  const v = decodeCbor(fromHex('a6654b4559203167412076616c7565654b455920324d416e6f746865722076616c7565654b45592033f6654b45592034f5654b4559203683f5f6190100654b65792035d82a5823001220120f6af601d46e10b2d2e11ed71c55d25f3042c22501e41d1246e7a1e9d3d8ec'));
  expect(toHex(encodeCbor(v))).toBe('a6654b4559203167412076616c7565654b455920324d416e6f746865722076616c7565654b45592033f6654b45592034f5654b4559203683f5f6190100654b65792035d82a5823001220120f6af601d46e10b2d2e11ed71c55d25f3042c22501e41d1246e7a1e9d3d8ec');
  expect(parseCid('zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo').toString()).toBe('zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo');
});
