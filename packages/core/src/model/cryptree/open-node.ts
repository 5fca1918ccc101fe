import { assertInstance, assertMethods, assertOptionalInstance } from '../../arguments.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { CryptoError, DeniedError } from '../../errors.js';
import type { PublicKeyHash } from '../../keys/public-key-hash.js';
import { Secret } from '../../keys/secret.js';
import { type Signer, SigningPrivateKeyAndPublicHash } from '../../keys/signing-key.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { BaseSection } from './base-section.js';
import { CryptreeNode } from './cryptree-node.js';
import type { FileProperties } from './file-properties.js';
import { ParentSection } from './parent-section.js';
import type { RelativeCapability } from './relative-capability.js';

/** What a node is: a link node is a directory, whatever its properties describe (chapter 04 section 5.4). */
export type NodeKind = 'file' | 'directory';

/** The two small sections of a node, decrypted (chapter 04 section 5.4). A secret. Immutable. Made by {@link openNode}. */
export class OpenedNode extends Secret {
  protected readonly secretKind: string = 'OpenedNode';

  /** See {@link openNode}. */
  constructor(
    readonly kind: NodeKind,
    /** The key that opened it: the read key, or the parent key when {@link OpenedNode.isReadable} is false. */
    readonly key: SymmetricKey,
    /** Decrypts the parent section: links from children carry it. Of a file it is the read key. */
    readonly parentKey: SymmetricKey,
    /** Absent when only the parent key was at hand. */
    readonly base: BaseSection | undefined,
    private readonly parent: ParentSection,
    /** Whose tree the node is in, as the capability has it. */
    readonly writer: PublicKeyHash,
  ) {
    super();
  }

  /** Whether the content can be decrypted; false for what was reached through the parent link of a child. */
  get isReadable(): boolean {
    return this.base !== undefined;
  }

  /** Whether it is a directory or a link node. */
  get isDirectory(): boolean {
    return this.kind === 'directory';
  }

  /** The properties that this node stores. */
  get properties(): FileProperties {
    return this.parent.properties;
  }

  /** The link to the parent directory or link node; absent on home directories. */
  get parentLink(): RelativeCapability | undefined {
    return this.parent.parentLink;
  }

  /** Decrypts the bytes of the chunk; undefined for directories and what is not readable. */
  get dataKey(): SymmetricKey | undefined {
    return this.kind === 'file' ? this.base?.key : undefined;
  }

  /** Whether a file must be encrypted anew before it is changed (chapter 04 section 22.5). */
  get isDirty(): boolean {
    return this.dataKey?.isDirty ?? false;
  }

  /** The link to the next chunk, which may not exist; undefined for what is not readable. Of no use in files with a stream secret. */
  get next(): RelativeCapability | undefined {
    return this.base?.next;
  }

  /**
   * Who signs changes of this node's writing space (chapter 04 section 5.5): the signer that it holds under the write key, otherwise
   * `inherited`, that of the nearest ancestor. DeniedError `denied.file` when there is none or it is not that of the node's writer,
   * CryptoError `crypto.authentication` for another write key.
   */
  signer(crypto: CryptoProvider, wBaseKey: SymmetricKey, inherited?: Signer): Signer {
    assertMethods('crypto', crypto, 'secretboxOpen', 'ed25519KeyPair');
    assertInstance('wBaseKey', wBaseKey, SymmetricKey);
    assertOptionalInstance('inherited', inherited, SigningPrivateKeyAndPublicHash);
    const signer = this.base?.signerLink?.target(crypto, wBaseKey) ?? inherited;
    if (signer === undefined) throw new DeniedError('denied.file', 'no key to sign changes of this file or directory is at hand');
    if (!signer.publicKeyHash.equals(this.writer)) {
      throw new DeniedError('denied.file', 'the signing key at hand is not that of the writing space');
    }
    return signer;
  }
}

/** What `open` gives, or undefined when the key is another one; any other error is thrown. */
function unlessOtherKey<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'crypto.authentication') return undefined;
    throw error;
  }
}

/**
 * Opens a node with the read key of the capability, or with its parent key, as links from children carry it; tells files from directories
 * (chapter 04 section 5.4). CryptoError `crypto.authentication` when the key opens nothing: access was revoked, or never given.
 * FormatError when a section opens but is malformed.
 */
export function openNode(crypto: CryptoProvider, node: CryptreeNode, capability: AbsoluteCapability): OpenedNode {
  assertMethods('crypto', crypto, 'secretboxOpen');
  assertInstance('node', node, CryptreeNode);
  assertInstance('capability', capability, AbsoluteCapability);
  const { rBaseKey: key, writer } = capability;
  const base = unlessOtherKey(() => BaseSection.open(crypto, node.base, key));
  const parent = unlessOtherKey(() => ParentSection.open(crypto, node.parent, key));
  if (parent !== undefined) return new OpenedNode(parent.properties.isDirectory ? 'directory' : 'file', key, key, base, parent, writer);
  if (base === undefined) throw new CryptoError('crypto.authentication', 'the key does not open this file or directory');
  return new OpenedNode('directory', key, base.key, base, ParentSection.open(crypto, node.parent, base.key), writer);
}
