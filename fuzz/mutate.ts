import type { seededRandom } from '@pyrgos/testkit/random';

type Random = ReturnType<typeof seededRandom>;

/** Bytes that mean something to our decoders: CBOR heads, lengths at their limits, multihash and CID prefixes. */
const interesting = [
  0x00, 0x01, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x40, 0x58, 0x5f, 0x60, 0x71, 0x7f, 0x80, 0x9b, 0x9f, 0xa0, 0xbb, 0xbf, 0xd8, 0xf4,
  0xf6, 0xf7, 0xff,
];

/** One random change of `bytes`: flip, overwrite, insert, delete, duplicate, cut, splice with another seed. */
function mutateOnce(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = bytes.length === 0 ? 0 : random.nextInteger(bytes.length);
  const out = [...bytes];
  switch (random.nextInteger(8)) {
    case 0:
      if (out.length > 0) out[at] = (out[at] ?? 0) ^ (1 << random.nextInteger(8));
      break;
    case 1:
      if (out.length > 0) out[at] = interesting[random.nextInteger(interesting.length)] ?? 0;
      break;
    case 2:
      out.splice(at, 0, interesting[random.nextInteger(interesting.length)] ?? 0);
      break;
    case 3:
      out.splice(at, 1 + random.nextInteger(8));
      break;
    case 4:
      out.splice(at, 0, ...out.slice(at, at + 1 + random.nextInteger(32)));
      break;
    case 5:
      out.length = at;
      break;
    case 6:
      out.splice(at, out.length - at, ...other.subarray(other.length === 0 ? 0 : random.nextInteger(other.length)));
      break;
    default:
      // A length that lies: 64-bit, 32-bit or 16-bit head with a huge count.
      out.splice(
        at,
        1,
        ...([
          [0x5b, 0, 4, 0, 0, 0, 0, 0, 0],
          [0x9a, 0xff, 0xff, 0xff, 0xff],
          [0xb9, 0xff, 0xff],
        ][random.nextInteger(3)] ?? []),
      );
  }
  return Uint8Array.from(out.slice(0, 1 << 17));
}

/** An input made from the seeds: mostly a few mutations of one, sometimes pure noise. */
export function nextInput(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  if (seeds.length === 0 || random.nextInteger(16) === 0) return random.randomBytes(random.nextInteger(128));
  let bytes = seeds[random.nextInteger(seeds.length)] ?? new Uint8Array();
  const other = seeds[random.nextInteger(seeds.length)] ?? new Uint8Array();
  for (let i = 0; i <= random.nextInteger(4); i++) bytes = mutateOnce(bytes, other, random);
  return bytes;
}
