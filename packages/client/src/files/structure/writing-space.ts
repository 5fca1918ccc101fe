import { concatBytes, utf8Encode } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { type PublicKeyHash, type Signer, SIGNING_SEED_SIZE, SigningKeyPair } from '@pyrgos/core/keys';
import { ConflictError, LimitError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_OWNED_WRITERS } from '@pyrgos/core/limits';
import { directOwnedKeys, OwnedKeys, type Snapshot } from '@pyrgos/core/model';
import type { BlockSource } from '@pyrgos/core/store';
import { createChildWriter, deleteSubspace, writerDataOf } from '../../commit/index.js';
import { flushNow } from '../content/flush-now.js';
import {
  belongsTo,
  type DanglingEntry,
  directoryChunks,
  isDamage,
  type Item,
  openEntries,
  type OperationView,
  type View,
} from '../view/index.js';
import { requireReserved } from './chunk-changes.js';
import { type Place, placeKey } from './place.js';

/** Separates this use of a signing key's seed from all others. */
const DERIVATION = 'pyrgos writing space 1';

/**
 * The key pair of the writing space that an item at `place` gets below the writer of `parent` (chapter 04 section 22.2). To everybody
 * without the key of `parent` it is a random one. That a second attempt gets the same makes a creation that was cut off repeatable: an
 * item moves to another place when it gets its space, so no key serves twice.
 */
export function spaceSigner(crypto: CryptoProvider, parent: Signer, place: Place): Signer {
  const seed = parent.secretKey.bytes.subarray(0, SIGNING_SEED_SIZE);
  const context = concatBytes(utf8Encode(DERIVATION), place.writer.encode(), place.mapKey);
  return SigningKeyPair.fromSeed(crypto, crypto.hmacSha256(seed, context)).signer;
}

/**
 * Creates an empty writing space and sends that at once, with whatever else the operation has recorded: blocks of an unknown writer would
 * be refused (chapter 04 section 22.2). When the rest of the operation fails an authorised, empty space is left, no chunk. Must not be
 * called inside `withoutFlush`.
 *
 * May be repeated with the same key until the space is in use; then it is a ConflictError `conflict.pointer`.
 */
export async function createWritingSpace(operation: OperationView, parent: Signer, child: Signer): Promise<void> {
  const { committer } = operation;
  const writer = child.publicKeyHash;
  requireReserved(operation, parent.publicKeyHash);
  const { owned } = writerDataOf(operation.snapshot, parent.publicKeyHash);
  const isListed = await OwnedKeys.open(owned, committer.blocks, committer.context).contains(writer);
  // Left by an attempt that was cut off. It may own spaces already, which are empty as well.
  if (isListed) await operation.include(writer);
  const existing = operation.snapshot.get(writer)?.writerData;
  if (existing === undefined) {
    operation.advance(await createChildWriter(committer, operation.snapshot, parent, child));
    await flushNow(operation);
  } else if (existing.tree !== undefined) {
    throw new ConflictError('conflict.pointer', 'Somebody else has given the item a writing space.', { writer: writer.toString() });
  }
}

/**
 * Deletes a writing space: `parent` no longer owns it and its pointer becomes empty, in one commit (chapter 04 section 21.1 step 5).
 * Nothing in it is looked at: remove the spaces inside it first. When the list of `parent` is damaged, nobody can be taken from it, and only
 * the pointer becomes empty.
 */
export async function removeWritingSpace(operation: OperationView, parent: Signer, child: Signer): Promise<void> {
  requireReserved(operation, parent.publicKeyHash);
  requireReserved(operation, child.publicKeyHash);
  const { committer, snapshot } = operation;
  let next: Snapshot;
  try {
    next = await deleteSubspace(committer, snapshot, parent, child);
  } catch (error) {
    if (!isDamage(error)) throw error;
    next = await committer.delete(snapshot, child);
  }
  operation.advance(next);
}

/** What a walk over the writers below some writer has found. */
export interface OwnedSpaces {
  readonly writers: readonly PublicKeyHash[];
  /** Whether that is all: nothing was damaged, and the walk came to its end. */
  readonly isComplete: boolean;
}

/** Blocks that are read to find the spaces below a writer, before the tree itself is asked. */
const MAX_BLOCKS = 400;

/**
 * A writer and all writers that it owns, directly or not, as far as that can be read: the owned keys of a damaged writer count for none.
 * Without those that have no version: they were authorised and never created, or are deleted. Costs a request or two for every writer.
 */
export async function writingSpacesBelow(view: View, owner: PublicKeyHash, writer: PublicKeyHash): Promise<readonly PublicKeyHash[]> {
  return (await ownedSpaces(view, owner, writer, Number.POSITIVE_INFINITY)).writers;
}

/**
 * The writing spaces that an operation on whole items has to reserve: those of the items themselves, of their link nodes, and all that may
 * be inside. Whoever may write in one space can list any number of others as its own, or destroy the list: then the items are walked
 * through instead, and only what is really in them counts. What cannot be opened in them is passed over.
 */
export async function writingSpacesOf(view: View, items: readonly (Item | DanglingEntry)[]): Promise<readonly PublicKeyHash[]> {
  const found = new Map<string, PublicKeyHash>();
  for (const item of items) {
    if (item.isDangling) continue;
    for (const { writer } of [...item.links, item]) found.set(writer.key, writer);
  }
  const directories = items.filter((item): item is Item => !item.isDangling && item.isDirectory);
  const owners = new Map(directories.map(({ owner, writer }) => [writer.key, { owner, writer }]));
  for (const { owner, writer } of owners.values()) {
    const below = await ownedSpaces(view, owner, writer, MAX_BLOCKS);
    if (!below.isComplete) return spacesInside(view, directories, found);
    for (const space of below.writers) found.set(space.key, space);
  }
  return [...found.values()];
}

/** Adds the writers of everything in some directories. */
async function spacesInside(
  view: View,
  directories: readonly Item[],
  found: Map<string, PublicKeyHash>,
): Promise<readonly PublicKeyHash[]> {
  const open = [...directories];
  const visited = new Set<string>();
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    throwIfAborted(view.signal);
    const key = placeKey(directory.capability);
    if (visited.has(key) || !directory.isReadable) continue;
    visited.add(key);
    for await (const { entries } of directoryChunks(view, directory, { onDamage: () => undefined })) {
      for (const child of await openEntries(view, directory, entries)) {
        if (child.isDangling || !belongsTo(child, directory)) continue;
        for (const { writer } of [...child.links, child]) found.set(writer.key, writer);
        if (child.isDirectory) open.push(child);
      }
    }
  }
  return [...found.values()];
}

/**
 * A writer and all that it owns, with verified proofs, as {@link writingSpacesBelow} finds them, and whether these are all: the walk ends when it has read `maxBlocks`.
 */
export async function ownedSpaces(view: View, owner: PublicKeyHash, root: PublicKeyHash, maxBlocks: number): Promise<OwnedSpaces> {
  const { crypto, signal } = view;
  let blocks = 0;
  const counted: BlockSource = {
    getBlock: async (cid, context) => {
      blocks++;
      if (blocks > maxBlocks) throw new LimitError('blocks of owned keys', blocks, maxBlocks);
      return view.getBlock(cid, context);
    },
  };
  const lookup = { hasher: crypto, blocks: counted, context: signal === undefined ? { owner } : { owner, signal } };
  const found = new Map([[root.key, root]]);
  const writers: PublicKeyHash[] = [];
  let isComplete = true;
  // What is found on the way is added, and comes last.
  for (const writer of found.values()) {
    throwIfAborted(signal);
    try {
      await view.treeOf(owner, writer);
      const writerData = view.snapshotOf(owner).get(writer)?.writerData;
      if (writerData === undefined) continue;
      writers.push(writer);
      for await (const child of directOwnedKeys(crypto, writer, writerData, lookup)) {
        if (found.size >= MAX_OWNED_WRITERS) throw new LimitError('owned writers', found.size + 1, MAX_OWNED_WRITERS);
        found.set(child.key, child);
      }
    } catch (error) {
      if (!(isDamage(error) || error instanceof LimitError)) throw error;
      isComplete = false;
      if (blocks > maxBlocks) break;
    }
  }
  return { writers, isComplete };
}
