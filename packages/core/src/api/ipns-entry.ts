import { assertInstance } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes, copyBytes, equalBytes, utf8Decode, utf8Encode } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap } from '../codec/cbor-value.js';
import type { Cid } from '../codec/cid.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { CryptoError, DeniedError, FormatError, LimitError, PyrgosError } from '../errors.js';
import { type SecretSigningKey, SIGNATURE_SIZE, signDetached, verifyDetached } from '../keys/signing-key.js';
import { MAX_IPNS_RECORD_SIZE } from '../limits.js';
import { publicKeyOfPeerId } from './peer-key.js';
import { decodeProtobuf, encodeProtobuf, type ProtobufField } from './protobuf.js';
import { ResolutionRecord } from './resolution-record.js';

/** What stands before the data under a signature. */
const SIGNATURE_PREFIX = utf8Encode('ipns-signature:');
/** The value of every record: an empty directory, because what matters is in the extra key. */
const VALUE = utf8Encode('/ipfs/bafkqaaa');
/** 365 days in nanoseconds. */
const TTL = 31_536_000_000_000_000n;
const EXTRA_KEY = '_peergos_rr';
const VALIDITY_TYPE_EOL = 0;
/** The nanoseconds are an unpadded number, not a fraction. */
const VALIDITY = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z$/;
/** What the text form of a time can say. */
const MAX_TIME = Date.UTC(9998, 11, 31);

/** Numbers of the protobuf fields. */
const Field = { value: 1, validityType: 3, validity: 4, sequence: 5, ttl: 6, signature: 8, data: 9 } as const;

/** The facts inside the signed data. */
interface SignedFacts {
  readonly value: Uint8Array;
  readonly validity: Uint8Array;
  readonly sequence: number;
  readonly ttl: bigint;
  readonly record: ResolutionRecord;
  /** ms since the epoch. */
  readonly endOfLife: number;
}

/**
 * A signed IPNS record of a server (chapter 08 section 9.2), with signature V2 of an Ed25519 key. Immutable; not verified by parsing:
 * see {@link IpnsEntry.verify}. `ipns/get` answers with `signature` and `data`, the DHT holds {@link IpnsEntry.encode}.
 */
export class IpnsEntry {
  private constructor(
    /** Detached, 64 bytes; never modify it. */
    readonly signature: Uint8Array,
    /** The signed CBOR map; never modify it. */
    readonly data: Uint8Array,
    private readonly facts: SignedFacts,
  ) {}

  /** Signs a record that is valid for one year from `now` (ms since the epoch). */
  static sign(crypto: CryptoProvider, secretKey: SecretSigningKey, record: ResolutionRecord, now: number): IpnsEntry {
    assertInstance('record', record, ResolutionRecord);
    assertInteger('now', now, 0, MAX_TIME);
    const data = encodeCbor(
      cborMap([
        ['TTL', TTL],
        ['Value', VALUE],
        ['Sequence', record.sequence],
        ['Validity', utf8Encode(formatValidity(oneYearAfter(now)))],
        [EXTRA_KEY, record.toCbor()],
        ['ValidityType', VALIDITY_TYPE_EOL],
      ]),
    );
    return IpnsEntry.of(signDetached(crypto, secretKey, concatBytes(SIGNATURE_PREFIX, data)), data);
  }

  /** Puts an entry together from the two parts that `ipns/get` gives. FormatError `format.request`. */
  static of(signature: Uint8Array, data: Uint8Array): IpnsEntry {
    assertBytes('signature', signature);
    assertBytes('data', data);
    if (signature.length !== SIGNATURE_SIZE)
      throw new FormatError('format.request', 'IpnsEntry.signature', `must be ${SIGNATURE_SIZE} bytes`);
    checkSize(data.length);
    const copy = copyBytes(data);
    return new IpnsEntry(copyBytes(signature), copy, readFacts(copy));
  }

  /**
   * Reads the protobuf form, whose fields must agree with the signed data. Unknown fields (old signatures, RSA keys) are ignored, and
   * lost by {@link IpnsEntry.encode}. FormatError `format.request`, LimitError beyond MAX_IPNS_RECORD_SIZE.
   */
  static decode(bytes: Uint8Array): IpnsEntry {
    assertBytes('bytes', bytes);
    checkSize(bytes.length);
    const fields = decodeProtobuf('IpnsEntry', bytes);
    const signature = fields.get(Field.signature);
    const data = fields.get(Field.data);
    if (!(signature instanceof Uint8Array) || !(data instanceof Uint8Array)) {
      throw new FormatError('format.request', 'IpnsEntry', 'has no data with a signature');
    }
    const entry = IpnsEntry.of(signature, data);
    for (const [number, expected] of entry.signedFields()) {
      if (!equalFields(fields.get(number), expected)) {
        throw new FormatError('format.request', 'IpnsEntry', `field ${number} differs from the signed data`);
      }
    }
    return entry;
  }

  /** What the record says, unless {@link IpnsEntry.verify} refuses it. */
  get claimedRecord(): ResolutionRecord {
    return this.facts.record;
  }

  /** When the record expires by its own account, ms since the epoch. The reference writes its local time: hours may be missing. */
  get claimedEndOfLife(): number {
    return this.facts.endOfLife;
  }

  /**
   * Requires a signature by the key inside the server id `id` and that the record has not expired at `now` (ms since the epoch); returns
   * what it says. CryptoError `crypto.signature`, DeniedError `denied.stale`; PyrgosError `unsupported` for an id that holds no key.
   */
  verify(crypto: CryptoProvider, id: Cid, now: number): ResolutionRecord {
    assertInteger('now', now, 0, Number.MAX_SAFE_INTEGER);
    const key = publicKeyOfPeerId(id);
    if (key === undefined) throw new PyrgosError('unsupported', 'records of servers whose id holds no key cannot be verified');
    if (!verifyDetached(crypto, key, this.signature, concatBytes(SIGNATURE_PREFIX, this.data))) {
      throw new CryptoError('crypto.signature', 'the signature is not valid for this server');
    }
    if (now > this.facts.endOfLife) throw new DeniedError('denied.stale', 'the record of this server has expired');
    return this.facts.record;
  }

  /** Value equality. */
  equals(other: IpnsEntry | undefined): boolean {
    return other instanceof IpnsEntry && equalBytes(this.signature, other.signature) && equalBytes(this.data, other.data);
  }

  /** The protobuf form. */
  encode(): Uint8Array {
    return encodeProtobuf([...this.signedFields(), [Field.signature, this.signature], [Field.data, this.data]]);
  }

  /** The fields that repeat signed facts, in order. */
  private signedFields(): readonly (readonly [number, ProtobufField])[] {
    const { value, validity, sequence, ttl } = this.facts;
    return [
      [Field.value, value],
      [Field.validityType, BigInt(VALIDITY_TYPE_EOL)],
      [Field.validity, validity],
      [Field.sequence, BigInt(sequence)],
      [Field.ttl, ttl],
    ];
  }
}

function readFacts(data: Uint8Array): SignedFacts {
  const fields = CborFields.map('format.request', 'IpnsEntry.data', decodeCbor(data));
  fields.integer('ValidityType', VALIDITY_TYPE_EOL, VALIDITY_TYPE_EOL);
  const value = fields.bytes('Value');
  const validity = fields.bytes('Validity');
  const ttl = fields.bigInt('TTL');
  if (ttl < 0n) return fields.fail('TTL', 'must not be negative');
  const extra = fields.optionalMap(EXTRA_KEY);
  return {
    value,
    validity,
    sequence: fields.integer('Sequence', 0),
    ttl,
    // `legacy: read only`: older servers had the record in the value.
    record: extra === undefined ? ResolutionRecord.decode(value) : ResolutionRecord.fromCbor(extra, fields.path(EXTRA_KEY)),
    endOfLife: parseValidity(validity) ?? fields.fail('Validity', 'must be a time'),
  };
}

function checkSize(size: number): void {
  if (size > MAX_IPNS_RECORD_SIZE) throw new LimitError('IPNS record', size, MAX_IPNS_RECORD_SIZE);
}

function equalFields(found: ProtobufField | undefined, expected: ProtobufField): boolean {
  return expected instanceof Uint8Array ? found instanceof Uint8Array && equalBytes(found, expected) : found === expected;
}

function formatValidity(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}.${(time % 1000) * 1_000_000}Z`;
}

/** ms since the epoch, or undefined for text that is no time. */
function parseValidity(bytes: Uint8Array): number | undefined {
  const match = VALIDITY.exec(utf8Decode(bytes) ?? '');
  if (match === null) return undefined;
  const seconds = Date.parse(`${match[1]}Z`);
  return Number.isNaN(seconds) ? undefined : seconds + Math.floor(Number(match[2] ?? 0) / 1_000_000);
}

/** The same moment of the next year; 29 February becomes 28 February. */
function oneYearAfter(time: number): number {
  const date = new Date(time);
  const month = date.getUTCMonth();
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  if (date.getUTCMonth() !== month) date.setUTCDate(0);
  return date.getTime();
}
