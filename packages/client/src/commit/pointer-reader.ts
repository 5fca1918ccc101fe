import { assertBytes, assertInteger } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, FormatError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { POINTER_CACHE_MILLISECONDS } from '@pyrgos/core/limits';
import { assertController, CommittedWriterData, equalTargets, type MaybeCid, readPointer, WriterData } from '@pyrgos/core/model';
import type { BlockSource, PointerStore } from '@pyrgos/core/store';
import type { Clock } from './clock.js';

/** Where a pointer stands: its target (undefined is EMPTY) and sequence. */
export interface PointerState {
  readonly target: MaybeCid;
  readonly sequence: number | undefined;
  /** The target that the last update has replaced; absent for what was not read from the server but committed here. */
  readonly replaced?: { readonly target: MaybeCid } | undefined;
}

/** How a pointer is read. */
export interface PointerReadOptions {
  /** Ask the server even if a recent answer is at hand. */
  readonly fresh?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a {@link PointerReader} is made of. */
export interface PointerReaderOptions {
  readonly owner: PublicKeyHash;
  readonly pointers: PointerStore;
  /** Verified blocks. */
  readonly blocks: BlockSource;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** Age up to which an answer is reused; default {@link POINTER_CACHE_MILLISECONDS}. */
  readonly cacheMilliseconds?: number | undefined;
  /** What others have seen of the same owner on the same server, and will be told; default: nothing. */
  readonly seen?: SeenPointers | undefined;
}

/** The latest state that was seen or committed of each writer of one owner, by the key of its hash. */
export type SeenPointers = Map<string, PointerState>;

interface CachedPointer {
  readonly state: PointerState | undefined;
  readonly readAt: number;
}

/** Reads that overtake a change of our own, or find the target already collected, are repeated this often. */
const MAX_REREADS = 3;

/**
 * Reads pointers and WriterData of one owner from an untrusted server (chapter 03 sections 2.9, 3 and 13).
 *
 * Every pointer is verified against its writer's key, and every WriterData against the pointer and its controller. The highest
 * sequence seen or committed per writer is remembered as long as this object lives, or `seen`: an older answer, none at all, or another target
 * under the same sequence is a DeniedError `denied.stale`. Answers are reused for `cacheMilliseconds`.
 */
export class PointerReader {
  private readonly cache = new Map<string, CachedPointer>();
  private readonly highest: SeenPointers;
  private readonly cacheMilliseconds: number;

  constructor(private readonly options: PointerReaderOptions) {
    const { cacheMilliseconds = POINTER_CACHE_MILLISECONDS, seen = new Map() } = options;
    assertInteger('cacheMilliseconds', cacheMilliseconds, 0, Number.MAX_SAFE_INTEGER);
    this.cacheMilliseconds = cacheMilliseconds;
    this.highest = seen;
  }

  /**
   * The pointer of a writer, or undefined when it never had one. CryptoError `crypto.signature` for a forged one, FormatError for a
   * malformed one, DeniedError `denied.stale` for a rolled back one.
   */
  async readPointer(writer: PublicKeyHash, { fresh = false, signal }: PointerReadOptions = {}): Promise<PointerState | undefined> {
    const cached = this.cache.get(writer.key);
    const age = cached === undefined ? Number.NaN : this.options.clock.now() - cached.readAt;
    if (!fresh && cached !== undefined && age >= 0 && age < this.cacheMilliseconds) return cached.state;
    for (let attempt = 1; ; attempt++) {
      const before = this.highest.get(writer.key);
      const state = await this.fetch(writer, signal);
      // What we learnt during the request does not make its answer a lie, only out of date.
      if (this.highest.get(writer.key) !== before && attempt < MAX_REREADS) continue;
      assertNotOlder(writer, before, state);
      if (this.highest.get(writer.key) === before) this.remember(writer, state);
      return state;
    }
  }

  /**
   * The committed version of a writer; undefined when it has no pointer. After a deletion the version has no hash and no WriterData.
   * Errors of {@link readPointer}; FormatError `format.writer-data` when the target is no WriterData, DeniedError `denied.pointer`
   * when it is that of another writer, NotFoundError `not-found.block` when the server lacks it.
   */
  async readVersion(writer: PublicKeyHash, options: PointerReadOptions = {}): Promise<CommittedWriterData | undefined> {
    for (let attempt = 1, fresh = options.fresh ?? false; ; attempt++, fresh = true) {
      const state = await this.readPointer(writer, { ...options, fresh });
      if (state === undefined) return undefined;
      try {
        return await this.versionOf(writer, state, options.signal);
      } catch (error) {
        // The server may have collected the block between our two reads, because somebody moved the pointer.
        if (attempt >= MAX_REREADS || !(error instanceof PyrgosError) || error.code !== 'not-found.block') throw error;
        const now = await this.readPointer(writer, { ...options, fresh: true });
        if (now !== undefined && equalTargets(now.target, state.target)) throw error;
      }
    }
  }

  /** The version behind a pointer state that is known to be true. Errors as in {@link readVersion}. */
  async versionOf(writer: PublicKeyHash, state: PointerState, signal?: AbortSignal): Promise<CommittedWriterData> {
    if (state.target === undefined) return CommittedWriterData.of(undefined, state.sequence, undefined);
    const writerData = await readWriterData(writer, state.target, this.options.blocks, this.options.owner, signal);
    return CommittedWriterData.of(state.target, state.sequence, writerData);
  }

  /** Takes note of a commit that the server has acknowledged. */
  committed(writer: PublicKeyHash, state: PointerState): void {
    const before = this.highest.get(writer.key);
    if (before === undefined || !isOlder(before, state)) this.remember(writer, state);
  }

  /** Forgets the answer at hand, not the highest sequence: the next read asks the server. Call it before every update of the writer. */
  invalidate(writer: PublicKeyHash): void {
    this.cache.delete(writer.key);
  }

  /** {@link PointerReader.invalidate} for all writers. */
  invalidateAll(): void {
    this.cache.clear();
  }

  private remember(writer: PublicKeyHash, state: PointerState | undefined): void {
    this.cache.set(writer.key, { state, readAt: this.options.clock.now() });
    if (state !== undefined) this.highest.set(writer.key, state);
  }

  private async fetch(writer: PublicKeyHash, signal: AbortSignal | undefined): Promise<PointerState | undefined> {
    const { crypto, pointers, owner, blocks } = this.options;
    const context = signal === undefined ? { owner } : { owner, signal };
    const pointer = await readPointer(crypto, checkedAnswers(pointers), owner, writer, { hasher: crypto, blocks, context });
    if (pointer === undefined) return undefined;
    const { original, updated, sequence } = pointer.update;
    return { target: updated, sequence, replaced: { target: original } };
  }
}

/** The store with answers to `getPointer` that are byte strings or undefined: anything else is a FormatError `format.pointer`. */
function checkedAnswers(store: PointerStore): PointerStore {
  return {
    getPointer: async (owner, writer, signal) => {
      const signed: unknown = await store.getPointer(owner, writer, signal);
      if (signed === undefined) return undefined;
      try {
        assertBytes('signed', signed);
      } catch (cause) {
        throw new FormatError('format.pointer', 'getPointer', 'the server must answer with bytes or nothing', { cause });
      }
      return signed;
    },
    setPointer: store.setPointer.bind(store),
    setPointers: store.setPointers.bind(store),
  };
}

/**
 * Reads the WriterData at `target` and checks that `writer` controls it. FormatError `format.writer-data` or `format.cbor` when the
 * block is none, DeniedError `denied.pointer` when it belongs to another writer.
 */
async function readWriterData(
  writer: PublicKeyHash,
  target: NonNullable<MaybeCid>,
  blocks: BlockSource,
  owner: PublicKeyHash,
  signal?: AbortSignal,
): Promise<WriterData> {
  if (target.isIdentity) throw new FormatError('format.pointer', 'PointerUpdate.updated', 'an identity CID names no block');
  const bytes = await blocks.getBlock(target, signal === undefined ? { owner } : { owner, signal });
  const writerData = WriterData.decode(bytes);
  assertController(writerData, writer);
  return writerData;
}

function isOlder(before: PointerState, now: PointerState): boolean {
  return before.sequence !== undefined && (now.sequence === undefined || now.sequence < before.sequence);
}

function assertNotOlder(writer: PublicKeyHash, before: PointerState | undefined, now: PointerState | undefined): void {
  if (before === undefined) return;
  const forked = now?.sequence !== undefined && now.sequence === before.sequence && !equalTargets(now.target, before.target);
  if (now !== undefined && !forked && !isOlder(before, now)) return;
  throw new DeniedError(
    'denied.stale',
    forked
      ? 'the server returned another version of a mutable pointer under the same sequence number'
      : 'the server returned an older version of a mutable pointer than before',
    { writer: writer.toString(), previous: before.sequence ?? null, current: now?.sequence ?? null },
  );
}
