import { equalBytes } from '@pyrgos/core/bytes';
import type { Item } from './item.js';

/**
 * Whether the parent link of a node leads to this directory or link node (chapter 04 section 5.3). Lists may name what belongs elsewhere:
 * whoever may write in a directory can list anything that he knows the place of.
 */
export function namesParent(child: Item, parent: Item): boolean {
  const { parentLink } = child.opened;
  if (parentLink === undefined) return false;
  const writer = parentLink.writer ?? child.writer;
  return writer.equals(parent.writer) && equalBytes(parentLink.mapKey, parent.capability.mapKey);
}

/**
 * Whether an item that `directory` lists belongs there, so that a change of the element may be one of the item: it, or its link node, names
 * the directory as its parent and is called what the list says. Anything else is an alias, of something that others may need: a thing in
 * another directory, a directory above, a later chunk of a file.
 */
export function belongsTo(item: Item, directory: Item): boolean {
  const [listed = item] = item.links;
  return listed.opened.properties.name === item.name && namesParent(listed, directory) && !isSame(item, directory);
}

function isSame(item: Item, directory: Item): boolean {
  return item.writer.equals(directory.writer) && equalBytes(item.capability.mapKey, directory.capability.mapKey);
}
