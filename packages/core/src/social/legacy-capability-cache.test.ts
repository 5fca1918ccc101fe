import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { FormatError } from '../errors.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { CapabilityWithPath } from '../model/cryptree/capability-with-path.js';
import v from '../../../../vectors/06/follow-request.json' with { type: 'json' };
import { LegacyCapabilityCache } from './legacy-capability-cache.js';

const capability = AbsoluteCapability.decode(fromHex(v.readOnly));
const item = CapabilityWithPath.of(capability, '/a');

test('the maps of the chapter', () => {
  expect(toHex(item.encode())).toBe(`a26163${v.readOnly}6170622f61`);
  const cache = LegacyCapabilityCache.of(201, [item]);
  expect(toHex(cache.encode())).toBe(`a2646361707381${toHex(item.encode())}65627974657318c9`);
  expect(LegacyCapabilityCache.decode(cache.encode()).equals(cache)).toBe(true);
  expect(String(item) + JSON.stringify(item)).not.toContain('/a');
});

test.each(['80', 'a0', 'a1646361707380', 'a26463617073806562797465736161', 'a26463617073816065627974657300'])(
  'a cache that is refused: %s',
  (cbor) => {
    expect(() => LegacyCapabilityCache.decode(fromHex(cbor))).toThrow(FormatError);
  },
);
