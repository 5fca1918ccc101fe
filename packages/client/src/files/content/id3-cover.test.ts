import { concatBytes } from '@pyrgos/core/bytes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverPicture, id3TagSize } from './id3-cover.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const picture = Uint8Array.of(0xff, 0xd8, 1, 2, 3);

function size(value: number, isSyncSafe: boolean): Uint8Array {
  const bits = isSyncSafe ? 7 : 8;
  return Uint8Array.from([3, 2, 1, 0], (i) => Math.floor(value / 2 ** (bits * i)) % 2 ** bits);
}

function frame(id: string, body: Uint8Array, version: number, flags = 0): Uint8Array {
  return concatBytes(ascii(id), size(body.length, version === 4), Uint8Array.of(0, flags), body);
}

/** An APIC frame's body. */
function apic(bytes: Uint8Array, encoding = 0, description: Uint8Array = Uint8Array.of(0), mimeType = 'image/jpeg'): Uint8Array {
  return concatBytes(Uint8Array.of(encoding), ascii(mimeType), Uint8Array.of(0, 3), description, bytes);
}

function tag(frames: Uint8Array, version: number, flags = 0): Uint8Array {
  return concatBytes(ascii('ID3'), Uint8Array.of(version, 0, flags), size(frames.length, true), frames);
}

describe('the cover of an MP3 file', () => {
  it.each([3, 4])('is found in version 2.%i, behind other frames', (version) => {
    const frames = concatBytes(
      frame('TIT2', ascii('\0title'), version),
      frame('APIC', apic(picture), version),
      frame('TXXX', ascii('x'), version),
    );
    const bytes = concatBytes(tag(frames, version), ascii('sound'));
    expect(id3TagSize(bytes)).toBe(bytes.length - 5);
    expect(coverPicture(bytes)).toEqual({ mimeType: 'image/jpeg', bytes: picture });
  });

  it('is found behind a wide description and an extended header', () => {
    const wide = concatBytes(Uint8Array.of(0xff, 0xfe), ascii('a\0b\0'), Uint8Array.of(0, 0));
    const wideFrame = frame('APIC', apic(picture, 1, wide), 3);
    expect(coverPicture(tag(wideFrame, 3))!.bytes).toEqual(picture);
    const extended3 = concatBytes(size(6, false), new Uint8Array(6));
    expect(coverPicture(tag(concatBytes(extended3, wideFrame), 3, 0x40))!.bytes).toEqual(picture);
    const extended4 = concatBytes(size(6, true), new Uint8Array(2));
    expect(coverPicture(tag(concatBytes(extended4, frame('APIC', apic(picture), 4)), 4, 0x40))!.bytes).toEqual(picture);
  });

  it('is none when the tag is another one, damaged, or leads elsewhere', () => {
    const good = frame('APIC', apic(picture), 3);
    for (const bytes of [
      new Uint8Array(),
      ascii('ID3'),
      ascii('no tag at all'),
      tag(good, 2),
      tag(good, 3, 0x80),
      tag(frame('APIC', apic(picture), 3, 0x80), 3),
      tag(frame('APIC', apic(picture, 0, Uint8Array.of(0), '-->'), 3), 3),
      tag(frame('APIC', Uint8Array.of(0, 65, 66), 3), 3),
      tag(frame('APIC', apic(new Uint8Array()), 3), 3),
      tag(good.subarray(0, good.length - 1), 3),
      tag(concatBytes(new Uint8Array(30), good), 3),
    ]) {
      expect(coverPicture(bytes)).toBeUndefined();
    }
  });

  it('is looked for in any bytes without a failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(3, 4), fc.nat(255), (body, version, flags) => {
        coverPicture(tag(concatBytes(ascii('APIC'), body), version, flags));
        coverPicture(body);
      }),
    );
  });
});
