import type { Cid } from '@pyrgos/core/codec';
import { FormatError, LimitError } from '@pyrgos/core/errors';
import { MAX_PARENT_LINKS } from '@pyrgos/core/limits';
import { openNode } from '@pyrgos/core/model';
import { type Item, loadNode, type View } from '../view/index.js';
import { type Place, placeKey } from './place.js';

/**
 * Whether `item` is `ancestor` or somewhere below it, by the parent links (chapter 04 section 5.3). FormatError when they bite their tail,
 * LimitError for more than MAX_PARENT_LINKS; a chain that ends at something that is gone ends there. `onNode` is told every node on the way,
 * that of the item first: as long as they stay, so does the answer.
 */
export async function isWithin(view: View, item: Item, ancestor: Item, onNode?: (place: Place, cid: Cid) => void): Promise<boolean> {
  const wanted = new Set([ancestor, ...ancestor.links].map(({ capability }) => placeKey(capability)));
  const seen = new Set<string>();
  let { capability, cid, opened } = item;
  for (;;) {
    const key = placeKey(capability satisfies Place);
    if (wanted.has(key)) return true;
    if (seen.has(key)) throw new FormatError('format.cryptree', 'parent link', 'leads back to where it came from');
    if (seen.size >= MAX_PARENT_LINKS) throw new LimitError('parent links', seen.size + 1, MAX_PARENT_LINKS);
    seen.add(key);
    onNode?.(capability, cid);
    if (opened.parentLink === undefined) return false;
    capability = opened.parentLink.toAbsolute(view.crypto, capability);
    const found = await loadNode(view, capability.owner, capability.writer, capability.location);
    if (found === undefined) return false;
    if (found.error !== undefined) throw found.error;
    ({ cid } = found);
    opened = openNode(view.crypto, found.node, capability);
  }
}
