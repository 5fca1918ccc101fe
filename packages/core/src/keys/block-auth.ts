import { assertInstance, assertInstances, assertObject, assertOptionalInstance } from '../arguments.js';
import { assertInteger, constantTimeEqual, copyBytes, equalBytes, fromHex, toHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid, CidCodec, formatCidUnprefixed } from '../codec/cid.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_BLOCK_AUTH_AHEAD_SECONDS, MAX_BLOCK_AUTH_SECONDS, MAX_BLOCK_BATS } from '../limits.js';
import { Bat, BatId, BatWithId } from './bat.js';
import {
  type PreparedS3Request,
  prepareS3Request,
  type S3Engine,
  type S3Signature,
  signPreparedS3Request,
  UNSIGNED_PAYLOAD,
} from './s3-prepared.js';
import { formatS3Time, MAX_S3_TIME, MIN_S3_TIME } from './s3-time.js';

/** Validity, in seconds, that clients ask for (chapter 01 section 18.4). */
export const BLOCK_AUTH_SECONDS = 300;
/** Bytes of the HMAC. */
const AUTH_SIGNATURE_SIZE = 32;
const REGION = 'eu-central-1';
/** Longest text that is looked at; a real one has about 210 digits. */
const MAX_AUTH_TEXT = 1024;

/**
 * Packs a time in ms since the epoch (years 2000 to 9999; fractions of a second are cut) into the integer of section 18.4. From 2032
 * on the value exceeds 31 bits and stays positive; only the reference lets it overflow.
 */
export function packBlockAuthTime(time: number): number {
  assertInteger('time', time, MIN_S3_TIME, MAX_S3_TIME);
  const date = new Date(time);
  const low =
    date.getUTCSeconds() |
    (date.getUTCMinutes() << 6) |
    (date.getUTCHours() << 12) |
    (date.getUTCDate() << 17) |
    ((date.getUTCMonth() + 1) << 22);
  return (date.getUTCFullYear() - 2000) * 2 ** 26 + low;
}

/**
 * Inverse of {@link packBlockAuthTime}, in ms since the epoch. A negative value is the reference's 32-bit overflow and gets 2^32 added
 * (`legacy: read only`). FormatError `format.bat` for what is no date.
 */
export function unpackBlockAuthTime(packed: number, where = 'BlockAuth.t'): number {
  if (typeof packed !== 'number') throw new ArgumentError('packed', 'must be a number');
  const value = packed < 0 ? packed + 2 ** 32 : packed;
  if (!Number.isSafeInteger(packed) || value < 0) throw new FormatError('format.bat', where, 'is no packed time');
  const year = 2000 + Math.floor(value / 2 ** 26);
  const low = value % 2 ** 26;
  const time = year > 9999 ? NaN : Date.UTC(year, (low >> 22) - 1, (low >> 17) & 31, (low >> 12) & 31, (low >> 6) & 63, low & 63);
  // Date.UTC carries over what is out of range, so only real dates survive the way back.
  if (!(time >= MIN_S3_TIME) || packBlockAuthTime(time) !== value) throw new FormatError('format.bat', where, 'is no valid date');
  return time;
}

/** What a block read signature covers besides the BAT. */
export interface BlockReadRequest {
  readonly block: Cid;
  /** Id of the server that will receive the block (section 18.6); compared by its bare multihash. */
  readonly node: Cid;
}

/** What is signed of one block read: the same for every BAT, so that a server computes it once. */
function prepareBlockRead(crypto: S3Engine, request: BlockReadRequest, time: number): PreparedS3Request {
  assertObject('request', request);
  assertInstance('block', request.block, Cid);
  assertInstance('node', request.node, Cid);
  const canonical = {
    verb: 'GET',
    key: `api/v0/block/get?arg=${formatCidUnprefixed(request.block)}`,
    query: [],
    headers: [
      ['host', request.node.multihash.toString()],
      ['x-amz-content-sha256', UNSIGNED_PAYLOAD],
      ['x-amz-date', formatS3Time(time)],
    ],
    payloadHash: UNSIGNED_PAYLOAD,
  } as const;
  return prepareS3Request(crypto, canonical, time, REGION);
}

/** The signature of one block read (chapter 01 section 18.5). `time` is in ms since the epoch. */
export function signBlockRead(crypto: S3Engine, request: BlockReadRequest, time: number, bat: Bat): S3Signature {
  assertInstance('bat', bat, Bat);
  return signPreparedS3Request(crypto, prepareBlockRead(crypto, request, time), bat.format());
}

/** The authorisation of one block read (chapter 01 section 18.4). Useless to any node but the one it was signed for. Immutable. */
export class BlockAuth implements ToCbor {
  private constructor(
    /** The id under which the server may look up the BAT; not signed. */
    readonly batId: BatId,
    /** Validity in seconds from `time`; not signed. */
    readonly expirySeconds: number,
    /** 32 bytes; never modify them. */
    readonly signature: Uint8Array,
    /** When it was signed: whole seconds, in ms since the epoch. */
    readonly time: number,
  ) {}

  /** Authorises a block read with a BAT. `now` is in ms since the epoch. */
  static create(
    crypto: S3Engine,
    request: BlockReadRequest,
    bat: BatWithId,
    now: number,
    expirySeconds: number = BLOCK_AUTH_SECONDS,
  ): BlockAuth {
    if (!(bat instanceof BatWithId)) throw new ArgumentError('bat', 'must be a BatWithId');
    assertInteger('expirySeconds', expirySeconds, 0, MAX_BLOCK_AUTH_SECONDS);
    const { signature } = signBlockRead(crypto, request, now, bat.bat);
    return new BlockAuth(bat.id, expirySeconds, signature, now - (now % 1000));
  }

  /** Reads the map `{"b", "e", "s", "t"}`. `e` is not judged here but by {@link isValidBlockAuth}. */
  static fromCbor(value: CborValue, where = 'BlockAuth'): BlockAuth {
    const fields = CborFields.map('format.bat', where, value);
    const batId = BatId.fromCbor(fields.bytes('b'), fields.path('b'));
    if (batId.isInline) return fields.fail('b', 'must not be an identity CID');
    const time = unpackBlockAuthTime(fields.integer('t'), fields.path('t'));
    return new BlockAuth(batId, fields.integer('e'), copyBytes(fields.bytes('s', AUTH_SIGNATURE_SIZE)), time);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): BlockAuth {
    return BlockAuth.fromCbor(decodeCbor(bytes));
  }

  /** Parses the text form, hex of the CBOR. The empty text means "no authorisation": undefined. */
  static parse(text: string): BlockAuth | undefined {
    if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
    if (text === '') return undefined;
    if (text.length > MAX_AUTH_TEXT || !/^(?:[0-9a-fA-F]{2})+$/.test(text)) {
      throw new FormatError('format.bat', 'BlockAuth', `must be hex of at most ${MAX_AUTH_TEXT} digits`);
    }
    return BlockAuth.decode(fromHex(text));
  }

  /** Value equality. */
  equals(other: BlockAuth | undefined): boolean {
    return (
      other instanceof BlockAuth &&
      this.batId.equals(other.batId) &&
      this.expirySeconds === other.expirySeconds &&
      this.time === other.time &&
      equalBytes(this.signature, other.signature)
    );
  }

  /** The map `{"b", "e", "s", "t"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.batId.toCbor()],
      ['e', this.expirySeconds],
      ['s', this.signature],
      ['t', packBlockAuthTime(this.time)],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** The text form: lower-case hex of the CBOR. */
  toString(): string {
    return toHex(this.encode());
  }
}

/**
 * Whether `auth` was made with `bat` for this block and node and is in force at `now` (ms since the epoch). Stricter than the
 * reference: validity beyond MAX_BLOCK_AUTH_SECONDS and time stamps more than MAX_BLOCK_AUTH_AHEAD_SECONDS ahead are refused, since the
 * validity is not signed (chapter 01 section 18.7).
 */
export function isValidBlockAuth(crypto: S3Engine, auth: BlockAuth, request: BlockReadRequest, bat: Bat, now: number): boolean {
  assertInstance('auth', auth, BlockAuth);
  assertInstance('bat', bat, Bat);
  if (!isInForce(auth, now)) return false;
  return isSignedWith(crypto, auth, prepareBlockRead(crypto, request, auth.time), bat);
}

function isInForce(auth: BlockAuth, now: number): boolean {
  assertInteger('now', now, 0, MAX_S3_TIME);
  if (auth.expirySeconds < 0 || auth.expirySeconds > MAX_BLOCK_AUTH_SECONDS) return false;
  if (auth.time > now + MAX_BLOCK_AUTH_AHEAD_SECONDS * 1000) return false;
  return auth.time + auth.expirySeconds * 1000 >= now;
}

function isSignedWith(crypto: S3Engine, auth: BlockAuth, prepared: PreparedS3Request, bat: Bat): boolean {
  return constantTimeEqual(signPreparedS3Request(crypto, prepared, bat.format()).signature, auth.signature);
}

/** The question whether a node may read a block. */
export interface BlockReadCheck extends BlockReadRequest {
  /** The ids that the block lists (section 18.3). */
  readonly batIds: readonly BatId[];
  /** The text form of a {@link BlockAuth}, or empty. */
  readonly auth: string;
  /** ms since the epoch. */
  readonly now: number;
  /** Finds a stored BAT, for instance a mirror BAT. */
  readonly lookUpBat: (id: BatId) => Promise<Bat | undefined>;
  /** The BAT that opens every block of this server. */
  readonly instanceBat?: Bat;
}

/**
 * The server's decision about a block read (chapter 01 section 18.7). A block without BAT ids is public; one with more than
 * MAX_BLOCK_BATS is closed to all but the instance BAT. False when the auth does not open the block; FormatError when it is malformed.
 */
export async function allowRead(crypto: S3Engine, check: BlockReadCheck): Promise<boolean> {
  assertObject('check', check);
  const { block, batIds, now, lookUpBat, instanceBat } = check;
  assertInstance('block', block, Cid);
  assertInstances('batIds', batIds, BatId);
  if (typeof lookUpBat !== 'function') throw new ArgumentError('lookUpBat', 'must be a function');
  assertOptionalInstance('instanceBat', instanceBat, Bat);
  if (batIds.length === 0) return true;
  const auth = BlockAuth.parse(check.auth);
  if (auth === undefined || !isInForce(auth, now)) return false;
  if (block.codec !== CidCodec.raw && block.codec !== CidCodec.dagCbor) return false;
  const prepared = prepareBlockRead(crypto, check, auth.time);
  for (const id of batIds.length > MAX_BLOCK_BATS ? [] : batIds) {
    let bat = id.inlineBat;
    if (bat === undefined && id.equals(auth.batId)) bat = await lookUpBat(id);
    if (bat !== undefined && isSignedWith(crypto, auth, prepared, bat)) return true;
  }
  return instanceBat !== undefined && isSignedWith(crypto, auth, prepared, instanceBat);
}

/**
 * The exception for a fresh mirror (chapter 01 section 18.7): whether the mirror id of the presented secret is listed in the block, so
 * that a server which holds the block may return it (plain `get` only) before it has stored the mirror BAT.
 */
export function opensAsMirrorBat(hasher: Hasher, batIds: readonly BatId[], presented: BatWithId): boolean {
  assertInstances('batIds', batIds, BatId);
  assertInstance('presented', presented, BatWithId);
  const mirrorId = presented.bat.mirrorId(hasher);
  return batIds.some((id) => id.equals(mirrorId));
}
