import { DeniedError } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { ReadOptions, View } from './view.js';

/**
 * For a link to another writing space in which nothing was found: refuses that the server hides the space, or has lost it, which is when it shows no
 * pointer of its writer although the link is there. Whoever makes a space gives it a pointer before the link is written, and whoever deletes it
 * leaves an empty one (chapter 04 section 10); a link that may be the only one to have the keys must not pass for one that leads to nothing.
 *
 * What was read may be some seconds old. So the link is read anew (`isLinked`, in a view of what is committed now), and the pointer asked for after
 * it: where another device has replaced or deleted the space meanwhile the link leads elsewhere or is gone, and the refusal would be wrong.
 * DeniedError `denied.stale`; errors of reading the link.
 */
export async function refuseHidden(
  view: View,
  { owner, writer }: AbsoluteCapability,
  isLinked: (now: View) => Promise<boolean>,
  options: ReadOptions,
): Promise<void> {
  if (await view.hasPointer(owner, writer, options)) return;
  const now = view.fresh();
  if (!(await isLinked(now)) || (await now.hasPointer(owner, writer, { ...options, fresh: true }))) return;
  throw new DeniedError('denied.stale', 'The server does not show the mutable pointer of a writing space to which a link leads.');
}
