import type { Cid } from '@pyrgos/core/codec';
import { DeniedError, FormatError, type PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash, Signer } from '@pyrgos/core/keys';
import type { AbsoluteCapability, ChildEntry, CryptreeNode, FileProperties, OpenedNode } from '@pyrgos/core/model';

/** The parts of an {@link Item}. */
export interface ItemParts {
  readonly capability: AbsoluteCapability;
  readonly cid: Cid;
  readonly node: CryptreeNode;
  readonly opened: OpenedNode;
  readonly properties: FileProperties;
  readonly links?: readonly Item[];
  readonly signer?: Signer | undefined;
  readonly entry?: ChildEntry | undefined;
}

/**
 * A file or directory as it was read at one version: the node of its first chunk and the keys to it. Immutable; after a change of the
 * item read it again (chapter 04 section 23 rule 5).
 *
 * When the parent lists a link node, this is its target, and {@link Item.link} the link node (section 10).
 */
export class Item {
  /** Tells an item from a {@link DanglingEntry}. */
  readonly isDangling = false;
  /** Where it is and the keys that open it; of the target, not of the link node. */
  readonly capability: AbsoluteCapability;
  /** The CID of the node's block: what a change of the node expects to replace. */
  readonly cid: Cid;
  readonly node: CryptreeNode;
  /** The opened node, with its own properties as they are stored. */
  readonly opened: OpenedNode;
  /**
   * What to show: the properties of the node, under the name by which the parent lists the item, without link bit. Equal to
   * `opened.properties` when no link node and no other name is involved.
   */
  readonly properties: FileProperties;
  /** The link nodes between the parent and this item, the one in the parent's list first; usually none, at most one in practice. */
  readonly links: readonly Item[];
  /** Who signs changes of this item's writing space; undefined without write access. Its public key is the capability's writer. */
  readonly signer: Signer | undefined;
  /** How the parent lists the item (or its link node); undefined when it was not reached through a list. */
  readonly entry: ChildEntry | undefined;

  constructor(parts: ItemParts) {
    this.capability = parts.capability;
    this.cid = parts.cid;
    this.node = parts.node;
    this.opened = parts.opened;
    this.properties = parts.properties;
    this.links = parts.links ?? [];
    this.signer = parts.signer;
    this.entry = parts.entry;
  }

  /** The name by which the parent lists it. */
  get name(): string {
    return this.properties.name;
  }

  /** Whether it is a directory; else it is a file. */
  get isDirectory(): boolean {
    return this.opened.kind === 'directory';
  }

  /** Whether its contents can be read; false for what was reached through a parent link (chapter 04 section 5.4). */
  get isReadable(): boolean {
    return this.opened.isReadable;
  }

  /** Whether it is the first item of its writing space; undefined access to its contents counts as no. */
  get hasOwnSpace(): boolean {
    return this.opened.base?.signerLink !== undefined;
  }

  /** Whether it can be changed: both the write key and the signer are known. */
  get isWritable(): boolean {
    return this.capability.isWritable && this.signer !== undefined;
  }

  /** The identity whose storage holds it. */
  get owner(): PublicKeyHash {
    return this.capability.owner;
  }

  /** Whose tree holds it. */
  get writer(): PublicKeyHash {
    return this.capability.writer;
  }

  /** The link node in the parent's list; rename, move and delete act on it. */
  get link(): Item | undefined {
    return this.links[0];
  }

  /** The signer; DeniedError `denied.file` without write access. */
  requireSigner(): Signer {
    if (this.signer !== undefined && this.capability.isWritable) return this.signer;
    throw new DeniedError('denied.file', 'There is no write access to this file or directory.');
  }

  /** Returns itself when it is a directory whose list can be read; FormatError for a file, DeniedError without read access. */
  requireDirectory(): this {
    if (!this.isDirectory) throw new FormatError('format.cryptree', 'item', 'is no directory');
    if (!this.isReadable) throw new DeniedError('denied.file', 'The list of this directory cannot be read with this key.');
    return this;
  }

  /** Returns itself when it is a file whose bytes can be read; FormatError for a directory, DeniedError without read access. */
  requireFile(): this {
    if (this.isDirectory) throw new FormatError('format.cryptree', 'item', 'is no file');
    if (!this.isReadable) throw new DeniedError('denied.file', 'This file cannot be read with this key.');
    return this;
  }
}

/** An element of a directory's list behind which there is nothing that can be opened: deleted, revoked or damaged. */
export class DanglingEntry {
  /** Tells it from an {@link Item}. */
  readonly isDangling = true;

  constructor(
    readonly entry: ChildEntry,
    /** NotFoundError `not-found.file`, or what is wrong with it. */
    readonly error: PyrgosError,
    /** Where the target should be; undefined when the element itself is malformed. */
    readonly capability: AbsoluteCapability | undefined,
  ) {}

  /** The listed name; undefined in legacy lists and in malformed elements. */
  get name(): string | undefined {
    return this.entry.name;
  }

  /** What a malformed element says that its name is; undefined for every other one. */
  get claimedName(): string | undefined {
    return this.entry.claimedName;
  }
}
