import { assertInstance, assertList, assertObject } from '../arguments.js';
import { assertBytes, assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue } from '../codec/cbor-value.js';
import { ArgumentError, LimitError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { MAX_WATCH_SECONDS, MAX_WATCHED_POINTERS } from '../limits.js';

/** Bytes of a mark: a SHA-256. */
export const WATCH_MARK_SIZE = 32;
/** Longest signed pointer in an answer; servers store 147 bytes at most. */
const MAX_SIGNED = 1024;
/** Longest signed time. */
const MAX_AUTH = 1024;
/** Longest wait that an answer may ask for, in seconds. */
const MAX_PAUSE = 86_400;
const EMPTY = new Uint8Array();

/** A pointer that somebody waits for. */
export interface WatchedPointer {
  readonly owner: PublicKeyHash;
  readonly writer: PublicKeyHash;
  /** The SHA-256 of what `getPointer` has answered last, of no bytes for no pointer; undefined when nothing is known: then the answer comes at once. */
  readonly mark: Uint8Array | undefined;
}

/** The follow requests that somebody waits for: their own. */
export interface WatchedRequests {
  readonly owner: PublicKeyHash;
  /** The signed time of `getFollowRequests`. */
  readonly auth: Uint8Array;
  /** What the last answer gave; undefined when nothing is known. */
  readonly mark: Uint8Array | undefined;
}

/** What `watch` is asked (chapter 02 section 24). */
export interface WatchRequest {
  /** At most MAX_WATCHED_POINTERS, each writer once. */
  readonly pointers: readonly WatchedPointer[];
  readonly requests?: WatchedRequests | undefined;
  /** Seconds after which the answer is wanted in any case, 1 to MAX_WATCH_SECONDS; default the server's choice. */
  readonly seconds?: number | undefined;
}

/** What `watch` answers; nothing in it: nothing has changed meanwhile. */
export interface WatchAnswer {
  /** What is not what the marks say. */
  readonly pointers: readonly {
    /** Place in the request. */
    readonly index: number;
    /** What `getPointer` answers now; empty for no pointer. */
    readonly signed: Uint8Array;
  }[];
  /** Places of the pointers that this server does not watch: they are on other servers, or closed. */
  readonly elsewhere: readonly number[];
  /** The new mark of the follow requests, when it is another one. */
  readonly requests?: Uint8Array | undefined;
  /** Seconds after which it may be tried again; only when there is no room for waiting now. */
  readonly pauseSeconds?: number | undefined;
}

/** The CBOR of a request: `{"p": [[owner, writer, mark]…], "r"?: [owner, auth, mark], "w"?: seconds}`. LimitError, ArgumentError. */
export function encodeWatchRequest(request: WatchRequest): Uint8Array {
  assertObject('request', request);
  const { pointers, requests, seconds } = request;
  assertList('pointers', pointers);
  if (pointers.length > MAX_WATCHED_POINTERS) throw new LimitError('watched pointers', pointers.length, MAX_WATCHED_POINTERS);
  const seen = new Set<string>();
  const list = pointers.map((pointer, i): CborValue => {
    assertObject(`pointers[${i}]`, pointer);
    const { owner, writer, mark = EMPTY } = pointer;
    assertInstance(`pointers[${i}].owner`, owner, PublicKeyHash);
    assertInstance(`pointers[${i}].writer`, writer, PublicKeyHash);
    assertMark(`pointers[${i}].mark`, mark);
    if (seen.has(writer.key)) throw new ArgumentError('pointers', 'a writer occurs twice');
    seen.add(writer.key);
    return [owner.toCbor(), writer.toCbor(), mark];
  });
  if (requests !== undefined) assertObject('requests', requests);
  if (seconds !== undefined) assertInteger('seconds', seconds, 1, MAX_WATCH_SECONDS);
  return encodeCbor(
    cborMap([
      ['p', list],
      ['r', requests === undefined ? undefined : inbox(requests)],
      ['w', seconds],
    ]),
  );
}

function inbox({ owner, auth, mark = EMPTY }: WatchedRequests): CborValue {
  assertInstance('requests.owner', owner, PublicKeyHash);
  assertBytes('requests.auth', auth);
  assertMark('requests.mark', mark);
  return [owner.toCbor(), auth, mark];
}

/** Reads a request; marks and `auth` are views of `bytes`. FormatError `format.request`, LimitError for more than MAX_WATCHED_POINTERS pointers. */
export function decodeWatchRequest(bytes: Uint8Array): WatchRequest {
  const fields = CborFields.map('format.request', 'WatchRequest', decodeCbor(bytes));
  const list = fields.list('p');
  if (list.length > MAX_WATCHED_POINTERS) throw new LimitError('watched pointers', list.length, MAX_WATCHED_POINTERS);
  const seen = new Set<string>();
  const pointers = list.map((value, i): WatchedPointer => {
    const where = `${fields.path('p')}[${i}]`;
    const parts = CborFields.list('format.request', where, value, 3);
    const writer = PublicKeyHash.fromCid(parts.link(1), parts.path(1));
    if (seen.has(writer.key)) return parts.fail(1, 'occurs twice');
    seen.add(writer.key);
    return { owner: PublicKeyHash.fromCid(parts.link(0), parts.path(0)), writer, mark: readMark(parts, 2) };
  });
  const requests = fields.has('r') ? readInbox(CborFields.list('format.request', fields.path('r'), fields.list('r'), 3)) : undefined;
  const seconds = fields.optionalInteger('w', 1, MAX_WATCH_SECONDS);
  return { pointers, ...(requests === undefined ? {} : { requests }), ...(seconds === undefined ? {} : { seconds }) };
}

function readInbox(parts: CborFields): WatchedRequests {
  const auth = parts.bytes(1);
  if (auth.length > MAX_AUTH) parts.fail(1, 'is too long');
  return { owner: PublicKeyHash.fromCid(parts.link(0), parts.path(0)), auth, mark: readMark(parts, 2) };
}

/** The CBOR of an answer: `{"c"?: [[index, signed]…], "e"?: [index…], "n"?: seconds, "r"?: mark}`. ArgumentError. */
export function encodeWatchAnswer(answer: WatchAnswer): Uint8Array {
  assertObject('answer', answer);
  const { pointers, elsewhere, requests, pauseSeconds } = answer;
  assertList('pointers', pointers);
  assertList('elsewhere', elsewhere);
  for (const [i, index] of elsewhere.entries()) assertInteger(`elsewhere[${i}]`, index, 0, MAX_WATCHED_POINTERS);
  if (pauseSeconds !== undefined) assertInteger('pauseSeconds', pauseSeconds, 1, MAX_PAUSE);
  if (requests !== undefined) assertMark('requests', requests);
  return encodeCbor(
    cborMap([
      ['c', pointers.length === 0 ? undefined : pointers.map((pointer, i): CborValue => changedPointer(`pointers[${i}]`, pointer))],
      ['e', elsewhere.length === 0 ? undefined : elsewhere],
      ['n', pauseSeconds],
      ['r', requests],
    ]),
  );
}

function changedPointer(field: string, pointer: WatchAnswer['pointers'][number]): CborValue {
  assertObject(field, pointer);
  const { index, signed } = pointer;
  assertInteger(`${field}.index`, index, 0, MAX_WATCHED_POINTERS);
  assertBytes(`${field}.signed`, signed);
  return [index, signed];
}

/** Reads the answer to a request for `count` pointers; what it says is the server's word. FormatError `format.request`. */
export function decodeWatchAnswer(bytes: Uint8Array, count: number): WatchAnswer {
  assertInteger('count', count, 0, MAX_WATCHED_POINTERS);
  const fields = CborFields.map('format.request', 'WatchAnswer', decodeCbor(bytes));
  const [changed = [], elsewhere = []] = [fields.optionalList('c'), fields.optionalList('e')];
  if (changed.length > count) fields.fail('c', 'has too many entries');
  if (elsewhere.length > count) fields.fail('e', 'has too many entries');
  const places = CborFields.list('format.request', fields.path('e'), elsewhere);
  const requests = fields.optionalBytes('r', WATCH_MARK_SIZE);
  const pauseSeconds = fields.optionalInteger('n', 1, MAX_PAUSE);
  return {
    pointers: changed.map((value, i) => {
      const parts = CborFields.list('format.request', `${fields.path('c')}[${i}]`, value, 2);
      const signed = parts.bytes(1);
      if (signed.length > MAX_SIGNED) parts.fail(1, 'is too long');
      return { index: parts.integer(0, 0, count - 1), signed };
    }),
    elsewhere: elsewhere.map((_, i) => places.integer(i, 0, count - 1)),
    ...(requests === undefined ? {} : { requests }),
    ...(pauseSeconds === undefined ? {} : { pauseSeconds }),
  };
}

function assertMark(field: string, mark: Uint8Array): void {
  assertBytes(field, mark);
  if (mark.length !== 0 && mark.length !== WATCH_MARK_SIZE) throw new ArgumentError(field, `must have ${WATCH_MARK_SIZE} bytes`);
}

function readMark(parts: CborFields, index: number): Uint8Array | undefined {
  const mark = parts.bytes(index);
  if (mark.length === 0) return undefined;
  return mark.length === WATCH_MARK_SIZE ? mark : parts.fail(index, `must have ${WATCH_MARK_SIZE} bytes, or none`);
}
