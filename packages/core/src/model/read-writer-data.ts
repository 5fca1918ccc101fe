import { assertInstance } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { DeniedError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import type { KeyLookup } from '../keys/resolve-signing-key.js';
import type { PointerStore } from '../store/pointer-store.js';
import { CommittedWriterData } from './committed-writer-data.js';
import { readPointer } from './pointer-validation.js';
import { WriterData } from './writer-data.js';

/** Requires that a WriterData belongs to the writer whose pointer led to it (chapter 03 section 3.1). DeniedError `denied.pointer`. */
export function assertController(writerData: WriterData, writer: PublicKeyHash): void {
  assertInstance('writerData', writerData, WriterData);
  assertInstance('writer', writer, PublicKeyHash);
  if (!writerData.controller.equals(writer)) {
    throw new DeniedError('denied.pointer', `WriterData controller mismatch for ${writer.toString()}`, { writer: writer.toString() });
  }
}

/**
 * Reads the current version of a writer: verified pointer, WriterData block, controller check (chapter 03 sections 2.9 and 3.1).
 * A writer without pointer gives no hash and no sequence; a deleted one gives no hash. NotFoundError `not-found.block` when the block
 * is missing. `lookup.blocks` must verify hashes.
 */
export async function readCommittedWriterData(
  crypto: CryptoProvider,
  pointers: PointerStore,
  owner: PublicKeyHash,
  writer: PublicKeyHash,
  lookup: KeyLookup,
): Promise<CommittedWriterData> {
  const pointer = await readPointer(crypto, pointers, owner, writer, lookup);
  const { updated, sequence } = pointer?.update ?? {};
  if (updated === undefined) return CommittedWriterData.of(undefined, sequence, undefined);
  const writerData = WriterData.fromCbor(decodeCbor(await lookup.blocks.getBlock(updated, lookup.context)));
  assertController(writerData, writer);
  return CommittedWriterData.of(updated, sequence, writerData);
}
