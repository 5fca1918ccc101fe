import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { assertController, type PointerUpdate, readPointer, WriterData } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import type { LocalBlocks } from '../ports/local-blocks.js';
import { localBlockSource } from '../ports/local-source.js';
import type { PkiKeys } from './bootstrap-pki.js';
import { PKI_USERNAME } from './pki-writer.js';
import { keyLookup } from './tree-index.js';

/** A version of the username tree, as a signed pointer publishes it. */
export interface TreeVersion {
  readonly pointer: PointerUpdate;
  /** The block with {@link writerData}. */
  readonly target: Cid;
  readonly writerData: WriterData;
  /** The root of the tree. */
  readonly root: Cid;
}

/** Reads and verifies the current version (chapter 05 section 17.3). PyrgosError `storage` when there is none. */
export async function readTreeVersion(
  { crypto, local, pointers }: { readonly crypto: CryptoProvider; readonly local: LocalBlocks; readonly pointers: PointerStore },
  { identity, pkiKey }: PkiKeys,
): Promise<TreeVersion> {
  const pointer = await readPointer(crypto, pointers, identity, pkiKey, keyLookup(crypto, local, PKI_USERNAME, identity));
  const target = pointer?.update.updated;
  if (pointer === undefined || target === undefined) throw treeMissing();
  const writerData = WriterData.decode(await localBlockSource(local, PKI_USERNAME).getBlock(target, { owner: identity }));
  assertController(writerData, pkiKey);
  const root = writerData.tree;
  if (root === undefined) throw treeMissing();
  return { pointer: pointer.update, target, writerData, root };
}

function treeMissing(): PyrgosError {
  return new PyrgosError('storage', 'The username tree of this server is missing. Restore a backup.');
}
