import { concatBytes, utf8Decode, utf8Encode } from '../bytes.js';
import { FormatError } from '../errors.js';
import { decodeBase32, encodeBase32 } from './base32.js';
import { decodeBase64, encodeBase64 } from './base64.js';
import { parsePeerId } from './cid.js';
import { decodeMultihash, type Multihash, MultihashCode } from './multihash.js';

/** How the address of one protocol is written. Both directions throw FormatError `format.multiaddr` for what is not canonical or valid. */
export interface AddressKind {
  /** Bytes of the address, or `'varint'` when a varint length stands before it. */
  readonly size: number | 'varint';
  toBytes(text: string): Uint8Array;
  toText(bytes: Uint8Array): string;
}

function fail(problem: string): never {
  throw new FormatError('format.multiaddr', '', problem);
}

/** A decimal number without sign or leading zeros. */
function parseDecimal(text: string, max: number, what: string): number {
  if (!/^(0|[1-9][0-9]{0,4})$/u.test(text) || Number(text) > max) fail(`${what} must be a decimal number from 0 to ${max}`);
  return Number(text);
}

function ip4ToBytes(text: string): Uint8Array {
  const parts = text.split('.');
  if (parts.length !== 4) fail('an IPv4 address has four parts');
  return Uint8Array.from(parts, (part) => parseDecimal(part, 255, 'a part of an IPv4 address'));
}

/** Groups of one side of `::`; a dotted IPv4 tail counts as two groups. */
function ip6Groups(text: string, isTail: boolean): number[] {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (isTail && i === parts.length - 1 && part.includes('.')) {
      const [a, b, c, d] = ip4ToBytes(part) as unknown as readonly [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else if (/^[0-9a-fA-F]{1,4}$/u.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      fail('an IPv6 group must have one to four hex digits');
    }
  }
  return groups;
}

function ip6ToBytes(text: string): Uint8Array {
  if (text.length > 45) fail('an IPv6 address has at most 45 characters');
  const sides = text.split('::');
  if (sides.length > 2) fail('an IPv6 address has at most one ::');
  const [left = '', right] = sides;
  const head = ip6Groups(left, right === undefined);
  const tail = right === undefined ? [] : ip6Groups(right, true);
  const missing = 8 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 1) fail('an IPv6 address has eight groups');
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

function ip6ToText(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] as number) << 8) | (bytes[i + 1] as number)).toString(16));
  return groups.join(':');
}

function portToBytes(text: string): Uint8Array {
  const port = parseDecimal(text, 65_535, 'a port');
  return Uint8Array.of(port >> 8, port & 255);
}

function portToText(bytes: Uint8Array): string {
  return String(((bytes[0] as number) << 8) | (bytes[1] as number));
}

/** A slash would start another component when the text is read again. */
function checkName(text: string): string {
  if (text === '' || text.includes('/')) fail('a name must not be empty or contain a slash');
  return text;
}

function onion(hostSize: number): AddressKind {
  const digits = (hostSize * 8) / 5;
  return {
    size: hostSize + 2,
    toBytes: (text) => {
      const [host = '', port, more] = text.split(':');
      if (host.length !== digits || port === undefined || more !== undefined) {
        return fail(`an onion address is ${digits} characters, a colon and a port`);
      }
      return concatBytes(decodeBase32(host), portToBytes(port));
    },
    toText: (bytes) => `${encodeBase32(bytes.subarray(0, hostSize))}:${portToText(bytes.subarray(hostSize))}`,
  };
}

/** Shortest I2P destination: 256 + 128 bytes of keys and a 3-byte certificate, which may lack its last byte. */
const MIN_GARLIC64_SIZE = 386;

function checkGarlic64(bytes: Uint8Array): Uint8Array {
  if (bytes.length < MIN_GARLIC64_SIZE) fail(`a garlic64 address has at least ${MIN_GARLIC64_SIZE} bytes`);
  return bytes;
}

/** A hash has 32 bytes, an encrypted lease set at least 35. */
function checkGarlic32(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 32 && bytes.length < 35) fail('a garlic32 address has 32 bytes or at least 35');
  return bytes;
}

function peerMultihash(multihash: Multihash): Multihash {
  const known = multihash.code === MultihashCode.identity || multihash.code === MultihashCode.sha2_256;
  return known ? multihash : fail('a peer id must be an identity or sha2-256 multihash');
}

/** Names of {@link addressKinds}. */
export type AddressKindName = 'ip4' | 'ip6' | 'port' | 'name' | 'peer' | 'onion' | 'onion3' | 'garlic64' | 'garlic32';

/** Kinds of addresses; a peer id is a bare multihash in base58, as everywhere outside the reference's own parser. */
export const addressKinds: Readonly<Record<AddressKindName, AddressKind>> = {
  ip4: { size: 4, toBytes: ip4ToBytes, toText: (bytes) => bytes.join('.') },
  ip6: { size: 16, toBytes: ip6ToBytes, toText: ip6ToText },
  port: { size: 2, toBytes: portToBytes, toText: portToText },
  name: {
    size: 'varint',
    toBytes: (text) => utf8Encode(checkName(text)),
    toText: (bytes) => checkName(utf8Decode(bytes) ?? fail('a name must be valid UTF-8')),
  },
  peer: {
    size: 'varint',
    toBytes: (text) => peerMultihash(parsePeerId(text).multihash).bytes,
    toText: (bytes) => peerMultihash(decodeMultihash(bytes)).toString(),
  },
  onion: onion(10),
  onion3: onion(35),
  garlic64: {
    size: 'varint',
    toBytes: (text) => {
      if (/[+/]/u.test(text)) fail('garlic64 uses - and ~ instead of + and /');
      return checkGarlic64(decodeBase64(text.replaceAll('-', '+').replaceAll('~', '/')));
    },
    toText: (bytes) => encodeBase64(checkGarlic64(bytes)).replaceAll('+', '-').replaceAll('/', '~'),
  },
  garlic32: {
    size: 'varint',
    toBytes: (text) => checkGarlic32(decodeBase32(text)),
    toText: (bytes) => encodeBase32(checkGarlic32(bytes)),
  },
};
