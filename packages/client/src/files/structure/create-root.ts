import type { BatId, Signer } from '@pyrgos/core/keys';
import { type AbsoluteCapability, assertLegalName, RelativeCapability, Timestamp } from '@pyrgos/core/model';
import { type Clock, systemClock } from '../../commit/index.js';
import type { OperationView } from '../view/index.js';
import { ChunkChanges } from './chunk-changes.js';
import { entryOf } from './directory-edit.js';
import { newDirectoryKeys, sealNewDirectory } from './new-directory.js';

/** The directories that every account starts with, in the order in which they are made; all hidden (chapter 04 section 11.2). */
export const SPECIAL_DIRECTORIES: readonly string[] = ['shared', '.transactions', '.capabilitycache'];

/** What a home directory is made of. */
export interface RootParts {
  /** Its name. */
  readonly username: string;
  /** The home writer: known to the operation, owned by the identity, without a tree yet. */
  readonly signer: Signer;
  /** The account's mirror BAT id: everything in the account gets it. */
  readonly mirrorBatId?: BatId | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/**
 * Makes the home directory of a new account and its special directories, four chunks in one commit (chapter 04 section 11.2, chapter 05
 * section 12.5). Resolves to the writable capability of the home directory: what the login data hold as entry point.
 *
 * The operation decides where it goes: to the server, or into the log of a sign-up.
 */
export async function createRoot(operation: OperationView, parts: RootParts): Promise<AbsoluteCapability> {
  const { crypto, owner } = operation;
  const { username, signer, mirrorBatId } = parts;
  assertLegalName(username, 'username');
  const time = Timestamp.now(parts.clock ?? systemClock);
  const writer = signer.publicKeyHash;
  const root = newDirectoryKeys(crypto, owner, writer);
  const changes = new ChunkChanges(operation);
  const children = SPECIAL_DIRECTORIES.map((name) => {
    const keys = newDirectoryKeys(crypto, owner, writer);
    const parentLink = RelativeCapability.toParent(root.capability, root.parentKey, writer);
    const sealed = sealNewDirectory(crypto, keys, { name, time, isHidden: true, parentLink, children: [], mirrorBatId });
    changes.put(signer, keys.capability.mapKey, undefined, sealed);
    return entryOf(operation, root.capability, { name, capability: keys.capability, isDirectory: true, mimeType: '', created: time });
  });
  const sealed = sealNewDirectory(crypto, root, {
    name: username,
    time,
    isHidden: false,
    parentLink: undefined,
    children,
    mirrorBatId,
    signer,
  });
  changes.put(signer, root.capability.mapKey, undefined, sealed);
  await changes.commit();
  return root.capability;
}
