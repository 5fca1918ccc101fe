import type { TreeId } from '../../app/shown-tree.js';
import { randomId } from '../../streams/random-id.js';

/** What of an address counts for a link. */
type LinkAddress = Pick<Location, 'pathname' | 'hash'>;

/**
 * The text of the link that an address is: `secret/<owner>/<label>#…`, or only the fragment of a link that holds the keys itself. What a program has put between the path and the
 * fragment says nothing about the link. A secret.
 */
export function linkOf({ pathname, hash }: LinkAddress): string {
  return pathname.startsWith('/secret/') ? `${pathname.slice(1).replace(/\/+$/u, '')}${hash}` : hash;
}

/** Names of links that hold the keys themselves: nothing but their secret tells them apart. */
const ownNames = new Map<string, string>();

/** Names a link without its secret, for what this tab remembers of texts and uploads; no user has such a name. */
export function linkIdOf({ pathname, hash }: LinkAddress): TreeId {
  if (pathname.startsWith('/secret/')) return `link:${pathname}`;
  const name = ownNames.get(hash) ?? randomId();
  ownNames.set(hash, name);
  return `link:${pathname}${name}`;
}
