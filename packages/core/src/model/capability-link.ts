import { concatBytes } from '../bytes.js';
import { decodeBase58, encodeBase58 } from '../codec/base58.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { Cid } from '../codec/cid.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { AbsoluteCapability } from './absolute-capability.js';
import { MAP_KEY_SIZE } from './map-key.js';

/**
 * The low-level link to a capability (chapter 04 section 3.2): `#` and four base58 fields joined by `/`: owner, writer, map key with BAT,
 * read key; a fifth, the write key, when the capability is writable. It contains the keys.
 */
export function formatCapabilityLink(capability: AbsoluteCapability): string {
  if (!(capability instanceof AbsoluteCapability)) throw new ArgumentError('capability', 'must be an AbsoluteCapability');
  const { owner, writer, mapKey, bat, rBaseKey, wBaseKey } = capability;
  const fields = [owner.encode(), writer.encode(), bat === undefined ? mapKey : concatBytes(mapKey, bat.encode()), rBaseKey.encode()];
  if (wBaseKey !== undefined) fields.push(wBaseKey.encode());
  return `#${fields.map((field) => encodeBase58(field)).join('/')}`;
}

/** Inverse of {@link formatCapabilityLink}; the leading `#` may be missing. FormatError `format.link`, which never shows the text. */
export function parseCapabilityLink(text: string): AbsoluteCapability {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  const parts = (text.startsWith('#') ? text.slice(1) : text).split('/', 6);
  if (parts.length !== 4 && parts.length !== 5) throw new FormatError('format.link', 'capability link', 'must have 4 or 5 fields');
  const [owner = '', writer = '', location = '', readKey = '', writeKey] = parts;
  const place = field('location', location, (bytes) => {
    if (bytes.length < MAP_KEY_SIZE) throw new FormatError('format.link', 'map key', `must be ${MAP_KEY_SIZE} bytes`);
    return {
      mapKey: bytes.subarray(0, MAP_KEY_SIZE),
      bat: bytes.length === MAP_KEY_SIZE ? undefined : Bat.decode(bytes.subarray(MAP_KEY_SIZE)),
    };
  });
  return AbsoluteCapability.of({
    owner: field('owner', owner, decodeKeyHash),
    writer: field('writer', writer, decodeKeyHash),
    ...place,
    rBaseKey: field('read key', readKey, decodeKey),
    wBaseKey: writeKey === undefined ? undefined : field('write key', writeKey, decodeKey),
  });
}

function decodeKeyHash(bytes: Uint8Array): PublicKeyHash {
  const value = decodeCbor(bytes);
  if (!(value instanceof Cid)) throw new FormatError('format.link', 'key hash', 'must be a link');
  return PublicKeyHash.fromCid(value);
}

function decodeKey(bytes: Uint8Array): SymmetricKey {
  return SymmetricKey.decode(bytes);
}

/** Reads one field; whatever is wrong with it is an error of the link, and says no more than which field it is. */
function field<T>(name: string, text: string, read: (bytes: Uint8Array) => T): T {
  try {
    return read(decodeBase58(text));
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    throw new FormatError('format.link', `capability link, ${name}`, 'cannot be read');
  }
}
