import type { AbsoluteCapability } from '@pyrgos/core/model';
import { findEntry, type Item, listEntries, type OperationView, type ReadOptions, type View } from '../view/index.js';
import { SPECIAL_DIRECTORIES } from './create-root.js';
import { removeEntries } from './directory-entries.js';
import { makeDirectory, type MakeDirectoryOptions } from './make-directories.js';

/**
 * The directories that an account must have and that its home directory does not list (chapter 04 section 11.2), or lists though `isGone` says
 * that nothing is at their place: somebody has deleted them. One request at most, unless one is missing or `isGone` asks.
 */
export async function missingSpecialDirectories(
  view: View,
  home: Item,
  isGone: (place: AbsoluteCapability) => Promise<boolean> = async () => false,
  options: ReadOptions = {},
): Promise<readonly string[]> {
  const missing = new Set(SPECIAL_DIRECTORIES);
  for await (const { name, link } of listEntries(view, home, options)) {
    if (name === undefined || !missing.has(name)) continue;
    // Whether it can be written does not matter here.
    const place = link?.toAbsolute(view.crypto, home.capability.toReadOnly());
    if (place === undefined || !(await isGone(place))) missing.delete(name);
    if (missing.size === 0) break;
  }
  return [...missing];
}

/**
 * A directory that the account must have, made anew, hidden and committed, when the home directory lists none or one that is gone; other
 * clients do not log in without `.transactions` (chapter 05 section 10.4). Undefined when something else has its name, or it cannot be
 * opened. Errors of {@link makeDirectory}.
 */
export async function getOrMakeSpecialDirectory(
  operation: OperationView,
  home: Item,
  name: string,
  options: MakeDirectoryOptions = {},
): Promise<Item | undefined> {
  const existing = await findEntry(operation, home, name);
  if (existing?.isDangling === false) return existing.isDirectory && existing.isReadable ? existing : undefined;
  if (existing?.capability !== undefined) {
    // What is damaged may be whole again tomorrow.
    if (existing.error.code !== 'not-found.file') return undefined;
    await removeEntries(operation, home, [existing.capability]);
  } else if (existing !== undefined) {
    return undefined;
  }
  return makeDirectory(operation, home, name, { ...options, isHidden: true });
}
