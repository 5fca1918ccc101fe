import { AbsoluteCapability } from '@pyrgos/core/model';
import { isRecipient, readRecords, type SharedAccess, SharedWithState } from '@pyrgos/core/social';
import { placeKey } from '../files/structure/place.js';
import { type Item, listChildren, type View } from '../files/view/index.js';
import { SHARED, storeFile } from './capability-store.js';
import { directoryAt, directoryIn, readFileIn } from './own-files.js';

const KINDS: readonly SharedAccess[] = ['read', 'write'];

/**
 * With whom the items of a directory are shared, as far as it can be told without the record of it, which is damaged: what others were given stands in their directories, and counts as long as it opens what is
 * in the directory now; whenever sharing ends, that gets other keys. Links stand nowhere else: the ones there are open what they lead to until that gets new keys, and nothing lists them. Of what belongs to
 * somebody else nothing is known, and nothing depends on it. `directory`: names from the root down.
 */
export async function rebuildRecord(view: View, home: Item, directory: readonly string[]): Promise<SharedWithState> {
  const [owner, ...names] = directory;
  const [folder, shared] = await Promise.all([
    owner === home.name ? directoryAt(view, home, names) : undefined,
    directoryIn(view, home, SHARED),
  ]);
  let state = SharedWithState.empty;
  if (folder === undefined || shared === undefined) return state;
  const places = new Map<string, string>();
  for await (const child of listChildren(view, folder)) if (!child.isDangling) places.set(placeKey(child.capability), child.name);
  for await (const recipient of listChildren(view, shared)) {
    if (recipient.isDangling || !recipient.isDirectory || !isRecipient(recipient.name)) continue;
    for (const access of KINDS) {
      const bytes = await readFileIn(view, recipient, storeFile(access));
      if (bytes === undefined) continue;
      for (const { value } of readRecords(bytes, (item) => AbsoluteCapability.fromCbor(item)).records) {
        const name = places.get(placeKey(value));
        if (name !== undefined) state = state.share(name, access, [recipient.name]);
      }
    }
  }
  return state;
}
