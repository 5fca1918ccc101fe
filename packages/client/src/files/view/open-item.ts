import { assertInstance } from '@pyrgos/core/arguments';
import { equalBytes } from '@pyrgos/core/bytes';
import { FormatError, LimitError, NotFoundError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import { MAX_LINK_NODES } from '@pyrgos/core/limits';
import { AbsoluteCapability, type ChildEntry, type FileProperties, openNode, type OpenedNode } from '@pyrgos/core/model';
import { type DirectoryNode, readChildList } from './child-list.js';
import { refuseHidden } from './hidden-space.js';
import { Item } from './item.js';
import { isDamage, loadNode, type LoadedNode, type NodeResult } from './load-nodes.js';
import { assertRead, type ReadOptions, type View } from './view.js';

/** What is known about an item before it is opened. */
export interface OpenOptions extends ReadOptions {
  /** The signer of the directory or entry point from which the item was reached; used when the node brings none of its own. */
  readonly inheritedSigner?: Signer | undefined;
  /** How the parent lists it. */
  readonly entry?: ChildEntry | undefined;
}

/**
 * Opens a capability (chapter 04 section 12.1); link nodes are followed to their target (section 10). NotFoundError `not-found.file` when
 * nothing is there (deleted or revoked), CryptoError `crypto.authentication` when the key does not open it, FormatError when it is damaged
 * or the links bite their tail, LimitError for too many of them, DeniedError
 * `denied.stale` when the server hides the writing space to which a link leads.
 */
export async function openItem(view: View, capability: AbsoluteCapability, options: OpenOptions = {}): Promise<Item> {
  assertRead(view, options);
  assertInstance('capability', capability, AbsoluteCapability);
  return openLoaded(
    view,
    capability,
    requireNode(await loadNode(view, capability.owner, capability.writer, capability.location, options)),
    options,
  );
}

/** The node of a result; what was wrong with it, or NotFoundError `not-found.file`, is thrown. */
export function requireNode(result: NodeResult): LoadedNode {
  if (result === undefined)
    throw new NotFoundError('not-found.file', 'There is nothing at this place (any more): it was moved, deleted or revoked.');
  if (result.error !== undefined) throw result.error;
  return result;
}

/** {@link openItem} for a node that is loaded already. */
export async function openLoaded(view: View, first: AbsoluteCapability, loaded: LoadedNode, options: OpenOptions = {}): Promise<Item> {
  const links: Item[] = [];
  let capability = first;
  let found = loaded;
  let inherited = options.inheritedSigner;
  for (;;) {
    const opened = openNode(view.crypto, found.node, capability);
    const signer = signerOf(view, opened, capability, inherited);
    const entry = links.length === 0 ? options.entry : undefined;
    const parts = { capability, cid: found.cid, node: found.node, opened, signer, entry };
    if (!opened.properties.isLink || !opened.isReadable) {
      return new Item({
        ...parts,
        links,
        properties: shownProperties(opened.properties, options.entry?.name ?? links[0]?.name),
        entry: options.entry,
      });
    }
    if (links.length >= MAX_LINK_NODES) throw new LimitError('link nodes in a row', links.length + 1, MAX_LINK_NODES);
    const link = new Item({ ...parts, properties: shownProperties(opened.properties, entry?.name) });
    links.push(link);
    capability = await targetOf(view, link, options);
    if (links.some((passed) => isSamePlace(passed.capability, capability))) {
      throw new FormatError('format.cryptree', 'link node', 'leads back to itself');
    }
    inherited = signer;
    const target = await loadNode(view, capability.owner, capability.writer, capability.location, options);
    if (target === undefined) {
      const place = capability;
      await refuseHidden(view, place, async (now) => leadsTo(now, link, place, options), options);
    }
    found = requireNode(target);
  }
}

/** Whether a link node is there, and leads to a place, in another view. */
async function leadsTo(now: View, { capability }: Item, target: AbsoluteCapability, options: ReadOptions): Promise<boolean> {
  const found = await loadNode(now, capability.owner, capability.writer, capability.location, options);
  if (found === undefined) return false;
  const { cid, node } = requireNode(found);
  return isSamePlace(await targetOf(now, { capability, cid, node }, options), target);
}

/** Whether two capabilities are for one place, whatever their keys. */
export function isSamePlace(a: AbsoluteCapability, b: AbsoluteCapability): boolean {
  return a.writer.equals(b.writer) && equalBytes(a.mapKey, b.mapKey);
}

/** Where the only child of a link node is. */
async function targetOf(view: View, link: DirectoryNode, options: ReadOptions): Promise<AbsoluteCapability> {
  const entries = await readChildList(view, link, options);
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) throw new FormatError('format.cryptree', 'link node', 'must have exactly one child');
  if (entry.link === undefined) throw entry.error ?? new FormatError('format.cryptree', 'link node', 'has a malformed child');
  return entry.link.toAbsolute(view.crypto, link.capability);
}

/** The properties under the name by which an item is found, without link bit. */
function shownProperties(own: FileProperties, name: string | undefined): FileProperties {
  if (!own.isLink && (name === undefined || name === own.name)) return own;
  return own.with({ name: name ?? own.name, isLink: false });
}

/**
 * Who signs in the writing space of an item (section 5.5); undefined without write access, and when what the node names is damaged or the
 * key of another writer: then the item can be read, not changed.
 */
function signerOf(view: View, opened: OpenedNode, capability: AbsoluteCapability, inherited: Signer | undefined): Signer | undefined {
  if (capability.wBaseKey === undefined) return undefined;
  try {
    return opened.signer(view.crypto, capability.wBaseKey, inherited);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}
