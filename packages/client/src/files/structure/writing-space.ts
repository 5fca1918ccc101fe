import { concatBytes, utf8Encode } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { type PublicKeyHash, type Signer, SIGNING_SEED_SIZE, SigningKeyPair } from '@pyrgos/core/keys';
import { ConflictError } from '@pyrgos/core/errors';
import { OwnedKeys, walkOwnedWriters, type WriterData } from '@pyrgos/core/model';
import { createChildWriter, deleteSubspace, writerDataOf } from '../../commit/index.js';
import { flushNow } from '../content/flush-now.js';
import type { OperationView, View } from '../view/index.js';
import { requireReserved } from './chunk-changes.js';
import type { Place } from './place.js';

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
    throw new ConflictError('conflict.pointer', 'somebody else has given the item a writing space', { writer: writer.toString() });
  }
}

/**
 * Deletes a writing space: `parent` no longer owns it and its pointer becomes empty, in one commit (chapter 04 section 21.1 step 5).
 * Nothing in it is looked at: remove the spaces inside it first.
 */
export async function removeWritingSpace(operation: OperationView, parent: Signer, child: Signer): Promise<void> {
  requireReserved(operation, parent.publicKeyHash);
  requireReserved(operation, child.publicKeyHash);
  operation.advance(await deleteSubspace(operation.committer, operation.snapshot, parent, child));
}

/**
 * A writer and all writers that it owns, directly or not: what an operation on a tree in this writing space has to reserve, because any of
 * them may be inside it. Without those that have no version: they were authorised and never created, or are deleted. Costs a request or
 * two for every writer. Errors of `walkOwnedWriters`.
 */
export async function writingSpacesBelow(view: View, owner: PublicKeyHash, writer: PublicKeyHash): Promise<PublicKeyHash[]> {
  const { crypto, signal } = view;
  const readWriterData = async (of: PublicKeyHash): Promise<WriterData | undefined> => {
    await view.treeOf(owner, of);
    return view.snapshotOf(owner).get(of)?.writerData;
  };
  const context = signal === undefined ? { owner } : { owner, signal };
  const writers: PublicKeyHash[] = [];
  for await (const owned of walkOwnedWriters(crypto, writer, { readWriterData, lookup: { hasher: crypto, blocks: view, context } })) {
    writers.push(owned.writer);
  }
  const snapshot = view.snapshotOf(owner);
  return writers.filter((of) => snapshot.get(of)?.writerData !== undefined);
}
