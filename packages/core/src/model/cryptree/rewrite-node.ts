import { assertInstance, assertOptionalInstance } from '../../arguments.js';
import { FragmentedPaddedCipherText } from '../../containers/fragmented-cipher-text.js';
import { SymmetricLinkToSigner } from '../../containers/symmetric-link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { ArgumentError, DeniedError } from '../../errors.js';
import { BatId } from '../../keys/bat.js';
import { BaseSection } from './base-section.js';
import { type ChildEntry, childrenToCbor } from './child-list.js';
import { CryptreeNode } from './cryptree-node.js';
import type { FileProperties } from './file-properties.js';
import { OpenedNode } from './open-node.js';
import { ParentSection } from './parent-section.js';
import type { RelativeCapability } from './relative-capability.js';
import type { SealedChunk } from './seal-node.js';

/**
 * Changes of one section of a node. The other sections stay as they are, byte for byte, and so do the BAT ids. `opened` is what
 * `openNode` gave for this very node.
 */

function assertOpened(node: CryptreeNode, opened: OpenedNode): void {
  assertInstance('node', node, CryptreeNode);
  assertInstance('opened', opened, OpenedNode);
}

function readable(opened: OpenedNode): BaseSection {
  if (opened.base === undefined) throw new DeniedError('denied.file', 'this file or directory cannot be read with this key');
  return opened.base;
}

/** The node with other properties (chapter 04 section 13.2). */
export function withProperties(crypto: CryptoProvider, node: CryptreeNode, opened: OpenedNode, properties: FileProperties): CryptreeNode {
  assertOpened(node, opened);
  return node.with({ parent: ParentSection.of(properties, opened.parentLink).seal(crypto, opened.parentKey) });
}

/** The node with another link to its parent, or none (chapter 04 section 13.3). */
export function withParentLink(
  crypto: CryptoProvider,
  node: CryptreeNode,
  opened: OpenedNode,
  parentLink: RelativeCapability | undefined,
): CryptreeNode {
  assertOpened(node, opened);
  return node.with({ parent: ParentSection.of(opened.properties, parentLink).seal(crypto, opened.parentKey) });
}

/** The node with another signer link, or none (chapter 04 section 13.3). DeniedError when the node is not readable. */
export function withSigner(
  crypto: CryptoProvider,
  node: CryptreeNode,
  opened: OpenedNode,
  signerLink: SymmetricLinkToSigner | undefined,
): CryptreeNode {
  assertOpened(node, opened);
  assertOptionalInstance('signerLink', signerLink, SymmetricLinkToSigner);
  const { key, next } = readable(opened);
  return node.with({ base: BaseSection.of(key, next, signerLink).seal(crypto, opened.key) });
}

/**
 * The chunk of a directory with another child list (chapter 04 sections 9.3 and 9.4); any number of entries, as a chunk may have more
 * than we write. `mirrorBatId` is for new fragments; default that of the node. DeniedError when the node is not readable.
 */
export function withChildren(
  crypto: CryptoProvider,
  node: CryptreeNode,
  opened: OpenedNode,
  children: readonly ChildEntry[],
  mirrorBatId?: BatId,
): SealedChunk {
  assertOpened(node, opened);
  assertOptionalInstance('mirrorBatId', mirrorBatId, BatId);
  readable(opened);
  if (!opened.isDirectory) throw new ArgumentError('opened', 'must be a directory');
  const list = childrenToCbor(children);
  const { container, blocks } = FragmentedPaddedCipherText.seal(crypto, opened.key, list, mirrorBatId ?? node.mirrorBatId);
  return { node: node.with({ data: container }), fragments: blocks };
}
