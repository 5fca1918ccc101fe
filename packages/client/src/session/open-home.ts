import { FormatError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { AbsoluteCapability, type EntryPoints } from '@pyrgos/core/model';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { CommittedView, type Item, openItem } from '../files/view/index.js';
import type { ClientContext } from './client-context.js';

/**
 * Opens the home directory of a user (chapter 05 section 10.3): of the own entry points the one that leads to the writable directory
 * `/<username>`. The identity may have changed since an entry was written, so its owner is replaced. NotFoundError `not-found.file` when
 * there is none; otherwise what is wrong with the last one tried.
 */
export async function openHome(
  context: ClientContext,
  username: string,
  identity: PublicKeyHash,
  entryPoints: EntryPoints,
  signal?: AbortSignal,
): Promise<Item> {
  const view = new CommittedView(context.sessions, { signal });
  let problem: PyrgosError = new NotFoundError('not-found.file', 'The home directory of this account is not among its entry points.');
  for (const { capability, ownerName } of entryPoints.entries) {
    if (ownerName !== username || !capability.isWritable) continue;
    try {
      return requireHome(await openItem(view, ownedBy(capability, identity), { signal }), username);
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'network') throw error;
      problem = error;
    }
  }
  throw problem;
}

/** The same capability for data that belongs to another identity now. */
export function ownedBy({ writer, mapKey, bat, rBaseKey, wBaseKey }: AbsoluteCapability, owner: PublicKeyHash): AbsoluteCapability {
  return AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey, wBaseKey });
}

function requireHome(item: Item, username: string): Item {
  item.requireSigner();
  if (item.requireDirectory().name === username && item.opened.parentLink === undefined) return item;
  throw new FormatError('format.cryptree', 'home directory', 'is not the root of this user');
}
