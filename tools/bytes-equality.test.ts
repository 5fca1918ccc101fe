import { expect, test } from 'vitest';

test('bytes are compared as bytes: content, length and class', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  expect(bytes).toEqual(bytes.slice());
  expect({ bytes }).toEqual({ bytes: bytes.slice() });
  expect(new Map([['a', bytes]])).toEqual(new Map([['a', bytes.slice()]]));
  expect(bytes).not.toEqual(Uint8Array.of(1, 2, 4));
  expect(bytes).not.toEqual(Uint8Array.of(1, 2));
  expect([bytes]).not.toEqual([Uint8Array.of(1, 2, 3, 0)]);
  expect(Buffer.from(bytes)).not.toStrictEqual(bytes);
});
