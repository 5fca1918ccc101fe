import { assertInstance, assertMethods, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, copyBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { Cid } from '../codec/cid.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, FormatError, LimitError, PyrgosError, throwIfAborted } from '../errors.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { type KeyLookup, resolveSigningKey } from '../keys/resolve-signing-key.js';
import { MAX_OWNED_WRITERS } from '../limits.js';
import type { BlockReadContext, BlockSink, BlockSource } from '../store/block-store.js';
import { Champ, type ChampMapping } from './champ/index.js';
import { mapInOrder } from './map-in-order.js';
import { assertController } from './read-writer-data.js';
import { WriterData } from './writer-data.js';

/** Proofs of one writer that are read at a time. */
const PROOFS_IN_FLIGHT = 4;
/** Writers of a walk that are read at a time, and how many children of each before it is its turn. */
const WRITERS_IN_FLIGHT = 8;
const CHILDREN_AHEAD = 64;

/** The CHAMP key of an owned key: the CBOR of its hash in reverse order, so that the random bytes come first (chapter 03 section 5.2). */
export function ownedKeyChampKey(ownedKey: PublicKeyHash): Uint8Array {
  if (!(ownedKey instanceof PublicKeyHash)) throw new ArgumentError('ownedKey', 'must be a PublicKeyHash');
  return ownedKey.encode().reverse();
}

/** Inverse of {@link ownedKeyChampKey}; FormatError. */
export function ownedKeyOfChampKey(key: Uint8Array, where = 'owned key'): PublicKeyHash {
  assertBytes('key', key);
  const link = decodeCbor(copyBytes(key).reverse());
  if (!(link instanceof Cid)) throw new FormatError('format.champ', where, 'must be a reversed link');
  return PublicKeyHash.fromCid(link, where);
}

/** A key that a writer lists as its own. Not verified. */
export interface ListedOwnedKey {
  readonly ownedKey: PublicKeyHash;
  readonly proof: OwnerProof;
}

/** The owned-key CHAMP of one writer (chapter 03 section 5.2). Proofs are not verified here: see {@link directOwnedKeys}. */
export class OwnedKeys {
  /** Proofs that were added but may not be readable from the source yet. */
  private readonly added = new Map<string, OwnerProof>();

  private constructor(
    private readonly champ: Champ,
    private readonly source: BlockSource,
    private readonly context: BlockReadContext,
  ) {}

  /** A new, empty map. */
  static empty(source: BlockSource, context: BlockReadContext): OwnedKeys {
    return new OwnedKeys(Champ.empty(source, context), source, context);
  }

  /** The map at `WriterData.owned`; an absent root is an empty map (chapter 03 section 3.1). */
  static open(root: Cid | undefined, source: BlockSource, context: BlockReadContext): OwnedKeys {
    if (root === undefined) return OwnedKeys.empty(source, context);
    return new OwnedKeys(Champ.open(root, source, context), source, context);
  }

  /** The proof listed for a key, or undefined. */
  async get(ownedKey: PublicKeyHash): Promise<OwnerProof | undefined> {
    const value = await this.champ.get(ownedKeyChampKey(ownedKey));
    return value === undefined ? undefined : this.load(value);
  }

  /** Whether a key is listed. Presence only: no authorisation follows from it. */
  async contains(ownedKey: PublicKeyHash): Promise<boolean> {
    return (await this.champ.get(ownedKeyChampKey(ownedKey))) !== undefined;
  }

  /** Lists a key; its proof block goes into `sink`. ConflictError `conflict.champ` when the key is listed with another proof. */
  async add(proof: OwnerProof, sink: BlockSink): Promise<void> {
    assertInstance('proof', proof, OwnerProof);
    assertMethods('sink', sink, 'putCbor');
    const cid = sink.putCbor(proof.encode());
    await this.champ.put(ownedKeyChampKey(proof.ownedKey), undefined, cid);
    this.added.set(cid.key, proof);
  }

  /** De-lists a key; false when it was not listed, and then there is nothing to commit. */
  async remove(ownedKey: PublicKeyHash): Promise<boolean> {
    const key = ownedKeyChampKey(ownedKey);
    const current = await this.champ.get(key);
    if (current === undefined) return false;
    await this.champ.remove(key, current);
    return true;
  }

  /** All listed keys with their proofs, of which some are read at a time. FormatError or NotFoundError for a damaged entry. */
  async *list(): AsyncGenerator<ListedOwnedKey, void, undefined> {
    const listed = async ({ key, value }: ChampMapping): Promise<ListedOwnedKey> => ({
      ownedKey: ownedKeyOfChampKey(key),
      proof: await this.load(value),
    });
    yield* mapInOrder(this.champ.entries(), listed, PROOFS_IN_FLIGHT);
  }

  /** All listed proofs, of which some are read at a time; the CHAMP keys are not looked at. */
  async *proofs(): AsyncGenerator<OwnerProof, void, undefined> {
    yield* mapInOrder(this.champ.entries(), async ({ value }) => this.load(value), PROOFS_IN_FLIGHT);
  }

  /** Writes changed nodes into `sink`; the root goes into `WriterData.owned`. */
  flush(sink: BlockSink): Cid {
    return this.champ.flush(sink);
  }

  private async load(value: unknown): Promise<OwnerProof> {
    if (!(value instanceof Cid)) throw new FormatError('format.champ', 'WriterData.owned', 'must hold links');
    return this.added.get(value.key) ?? OwnerProof.decode(await this.source.getBlock(value, this.context));
  }
}

function checkLookup(lookup: KeyLookup): void {
  assertObject('lookup', lookup);
  assertMethods('lookup.hasher', lookup.hasher, 'sha256');
  assertMethods('lookup.blocks', lookup.blocks, 'getBlock');
  assertObject('lookup.context', lookup.context);
}

/**
 * The verified direct children of a writer (chapter 03 section 1.3): of all proofs in `owned` and `named`, those in which the owned key
 * itself names `writer` as its parent. A proof that names another parent, or whose key does not exist, is passed over; a bad
 * signature is a CryptoError. A child that is listed twice is yielded twice.
 */
export async function* directOwnedKeys(
  crypto: CryptoProvider,
  writer: PublicKeyHash,
  writerData: WriterData,
  lookup: KeyLookup,
): AsyncGenerator<PublicKeyHash, void, undefined> {
  if (!(writer instanceof PublicKeyHash)) throw new ArgumentError('writer', 'must be a PublicKeyHash');
  if (!(writerData instanceof WriterData)) throw new ArgumentError('writerData', 'must be a WriterData');
  checkLookup(lookup);
  const accept = async (proof: OwnerProof): Promise<boolean> => {
    try {
      return proof.open(crypto, await resolveSigningKey(proof.ownedKey, lookup)).equals(writer);
    } catch (error) {
      if (error instanceof PyrgosError && error.code === 'not-found.key') return false;
      throw error;
    }
  };
  for (const proof of writerData.named.values()) if (await accept(proof)) yield proof.ownedKey;
  const proofs = OwnedKeys.open(writerData.owned, lookup.blocks, lookup.context).proofs();
  const children = mapInOrder(proofs, async (proof) => ((await accept(proof)) ? proof.ownedKey : undefined), PROOFS_IN_FLIGHT);
  for await (const child of children) if (child !== undefined) yield child;
}

/** A writer reached by {@link walkOwnedWriters}. */
export interface OwnedWriter {
  readonly writer: PublicKeyHash;
  /** The writer that lists it; undefined for the root of the walk. */
  readonly parent: PublicKeyHash | undefined;
  /** 0 for the root of the walk. */
  readonly depth: number;
}

/** What a walk over the ownership tree needs. */
export interface OwnershipWalk {
  /** Verified current WriterData of a writer, undefined when it has none; see `readCommittedWriterData`. */
  readonly readWriterData: (writer: PublicKeyHash) => Promise<WriterData | undefined>;
  readonly lookup: KeyLookup;
  /** Writers after which the walk fails; default and maximum MAX_OWNED_WRITERS. */
  readonly maxWriters?: number | undefined;
}

/**
 * All writers that `root` owns, itself included: the verified transitive closure (chapter 03 section 1.3), breadth first, each writer
 * once, so that cycles end. Reads some writers ahead; what is wrong with one is an error after it was given out, and those before it.
 * LimitError beyond `maxWriters`; CryptoError for a proof with a bad signature; AbortedError.
 */
export async function* walkOwnedWriters(
  crypto: CryptoProvider,
  root: PublicKeyHash,
  walk: OwnershipWalk,
): AsyncGenerator<OwnedWriter, void, undefined> {
  if (!(root instanceof PublicKeyHash)) throw new ArgumentError('root', 'must be a PublicKeyHash');
  assertMethods('walk', walk, 'readWriterData');
  checkLookup(walk.lookup);
  const { readWriterData, lookup, maxWriters = MAX_OWNED_WRITERS } = walk;
  assertInteger('maxWriters', maxWriters, 1, MAX_OWNED_WRITERS);
  const { signal } = lookup.context;
  const childrenOf = async function* (writer: PublicKeyHash): AsyncGenerator<PublicKeyHash, void, undefined> {
    throwIfAborted(signal);
    const writerData = await readWriterData(writer);
    if (writerData === undefined) return;
    assertController(writerData, writer);
    yield* directOwnedKeys(crypto, writer, writerData, lookup);
  };
  const ahead = Math.min(CHILDREN_AHEAD, maxWriters);
  const seen = new Set([root.key]);
  let level: OwnedWriter[] = [{ writer: root, parent: undefined, depth: 0 }];
  while (level.length > 0) {
    const next: OwnedWriter[] = [];
    const begun = mapInOrder(
      level,
      async (found) => ({ found, children: await begin(childrenOf(found.writer), ahead) }),
      WRITERS_IN_FLIGHT,
    );
    for await (const { found, children } of begun) {
      throwIfAborted(signal);
      yield found;
      for await (const child of children) {
        if (seen.has(child.key)) continue;
        if (seen.size >= maxWriters) throw new LimitError('owned writers', seen.size + 1, maxWriters);
        seen.add(child.key);
        next.push({ writer: child, parent: found.writer, depth: found.depth + 1 });
      }
    }
    level = next;
  }
}

/** A sequence whose first `count` elements are read at once, and the others when somebody wants them; its failure comes where it belongs. */
async function begin<T>(source: AsyncGenerator<T, void, undefined>, count: number): Promise<AsyncIterable<T>> {
  const first: T[] = [];
  let failure: { readonly reason: unknown } | undefined;
  let isDone = false;
  try {
    while (!isDone && first.length < count) {
      const step = await source.next();
      if (step.done === true) isDone = true;
      else first.push(step.value);
    }
  } catch (reason) {
    failure = { reason };
  }
  return (async function* () {
    yield* first;
    if (failure !== undefined) throw failure.reason;
    if (!isDone) yield* source;
  })();
}
