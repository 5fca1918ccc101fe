import { BlockWriteGroup } from '@pyrgos/core/api';
import { concatBytes, utf8Encode } from '@pyrgos/core/bytes';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { FormatError } from '@pyrgos/core/errors';
import type { SignedBlock } from '@pyrgos/core/store';
import { seededRandom } from '@pyrgos/testkit/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPutAnswer } from './put-answer.js';
import { putBodyParts } from './put-body.js';

const crypto = await loadCrypto();
const random = seededRandom(4);

function blockOf(size: number, signatureSize = 96): SignedBlock {
  const bytes = random.randomBytes(size);
  return { cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw), bytes, signature: random.randomBytes(signatureSize) };
}

describe('body of a put', () => {
  const sizes = [0, 1, 23, 24, 255, 256, 16_383, 16_384, 65_535, 65_536, 1_048_676];

  test('is what the format says, byte for byte, for all lengths of heads', () => {
    const check = (blocks: readonly SignedBlock[]): void => {
      const expected = BlockWriteGroup.of(
        blocks.map(({ bytes }) => bytes),
        blocks.map(({ signature }) => signature),
      ).encode();
      const body = concatBytes(...putBodyParts(blocks));
      expect(body.length).toBe(expected.length);
      expect(body.every((byte, i) => byte === expected[i])).toBe(true);
    };
    for (const size of sizes) check([blockOf(size)]);
    for (const size of [1, 23, 24, 255, 256]) check([blockOf(5, size)]);
    for (const count of [2, 23, 24, 255, 256, 1000]) check(Array.from({ length: count }, () => blockOf(7)));
    check(sizes.map((size) => blockOf(size)));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...sizes.slice(0, -1)), { minLength: 1, maxLength: 12 }), (list) => {
        check(list.map((size) => blockOf(size)));
      }),
      { numRuns: 50 },
    );
  });

  test('large blocks are not copied', () => {
    const block = blockOf(1_048_576);
    expect(putBodyParts([blockOf(10), block, blockOf(10)])).toContain(block.bytes);
  });
});

describe('answer to a put', () => {
  const blocks = [blockOf(3), blockOf(4)];
  const [a = '', b = ''] = blocks.map(({ cid }) => cid.toString());

  test.each([
    `{"Hash":"${a}"}{"Hash":"${b}"}`,
    `{"Hash":"${a}"}\n{"Hash":"${b}"}\n`,
    ` { "Hash" : "${a}" , "Size":"3", "Name":"{\\"}" } {"Hash":"${b}"}`,
    `{"Key":"${a}"}{"Key":{"/":"${b}"}}`,
    `{"Links":{},"Hash":"${a}"}{"Hash":"${b}"}`,
  ])('%s', (text) => {
    checkPutAnswer(utf8Encode(text), blocks);
  });

  test.each([
    '',
    `{"Hash":"${a}"}`,
    `{"Hash":"${b}"}{"Hash":"${a}"}`,
    `{"Hash":"${a}"}{"Hash":"${a}"}`,
    `{"Hash":"${a}"}{"Hash":"${b}"}{"Hash":"${b}"}`,
    `{"Hash":"${a}"}{"Hash":"${b}"}x`,
    `[{"Hash":"${a}"},{"Hash":"${b}"}]`,
    `{"Hash":"${a}"},{"Hash":"${b}"}`,
    `{"Hash":"${a}"}{"Hash":null}`,
    `{"Hash":"${a}"}{"Hash":7}`,
    `{"Hash":"${a}"}{}`,
    `{"Hash":"${a}"}{"Key":{"/":{}}}`,
    `{"Hash":"${a}"}{"Hash":"not a cid"}`,
    `{"Hash":"${a}"}{"Hash"`,
    `{Hash:"${a}"}{Hash:"${b}"}`,
    '<html>It works!</html>',
    '{'.repeat(100_000),
    '{"'.repeat(50_000),
    `{"Hash":"${'z'.repeat(100_000)}"}`,
  ])('refused: %s', (text) => {
    expect(() => checkPutAnswer(utf8Encode(text), blocks)).toThrow(FormatError);
  });

  test('bytes that are no text', () => {
    expect(() => checkPutAnswer(Uint8Array.of(0xff, 0xfe), blocks)).toThrow(FormatError);
  });

  test('the same block under another text form of its CID', () => {
    const [first] = blocks;
    const base32 = first!.cid.toString();
    checkPutAnswer(utf8Encode(`{"Hash":"${base32}"}`), [first!]);
  });
});
