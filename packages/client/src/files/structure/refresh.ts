import type { Cid } from '@pyrgos/core/codec';
import type { CryptreeNode } from '@pyrgos/core/model';
import { openNode } from '@pyrgos/core/model';
import { Item, openItem, type View } from '../view/index.js';

/**
 * The item as it is in `view`: a change must be based on what is there now, not on what was there when somebody looked (chapter 04 section
 * 23 rule 1). Errors of `openItem`: NotFoundError `not-found.file` when it is gone.
 */
export async function refresh(view: View, item: Item): Promise<Item> {
  const first = item.link ?? item;
  return openItem(view, first.capability, { inheritedSigner: first.signer, entry: item.entry });
}

/** The item with another version of its node, which was written just now. */
export function withNode(view: View, item: Item, cid: Cid, node: CryptreeNode): Item {
  const { capability, links, signer, entry } = item;
  const opened = openNode(view.crypto, node, capability);
  // A file or directory is shown under the name by which its parent lists it.
  const properties =
    opened.properties.name === item.name && !opened.properties.isLink
      ? opened.properties
      : opened.properties.with({ name: item.name, isLink: false });
  return new Item({ capability, cid, node, opened, properties, links, signer, entry });
}
