import { addMonths, encodeChain, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import { PasswordProtected } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { FormatError } from '@pyrgos/core/errors';
import { hashToKeyBytes, OwnerProof, type PublicKeyHash, ScryptSecretGeneration, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { type CommittedWriterData, OwnedKeys, readCommittedWriterData, WriterData } from '@pyrgos/core/model';
import type { BlockSource, PointerStore } from '@pyrgos/core/store';
import type { Clock } from '../ports/clock.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { ServerIds } from '../ports/server-ids.js';
import type { SpaceControl } from '../ports/space-control.js';
import { localBlockSource } from '../ports/local-source.js';
import { type PkiFiles, PkiSecrets } from './pki-files.js';
import { openPkiKey, wipe } from './pki-key.js';
import { BlockBatch, PKI_USERNAME, PkiWriter } from './pki-writer.js';
import { UsernameTree } from './username-tree.js';

/** The name under which the identity of `peergos` owns the PKI key (chapter 05 section 17.3). */
export const PKI_KEY_NAME = 'pki';

/** Bytes of a generated password. */
const PASSWORD_SIZE = 32;
/** How long the claim of `peergos` lasts: nobody renews it, and expiry has no consequence (chapter 05 section 16.4). */
const CLAIM_MONTHS = 1200;

/** How passwords become keys; weaker parameters are for tests. */
export interface PkiAlgorithms {
  /** Default: that of a login, without extra salt (chapter 05 section 3.1). */
  readonly identity?: ScryptSecretGeneration;
  /** Default: that of a protected file. */
  readonly keyFile?: ScryptSecretGeneration;
}

/** What {@link bootstrapPki} needs. */
export interface BootstrapOptions {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly files: PkiFiles;
  readonly local: LocalBlocks;
  readonly pointers: PointerStore;
  readonly space: Pick<SpaceControl, 'registerUser'>;
  readonly ids: Pick<ServerIds, 'current'>;
  readonly algorithms?: PkiAlgorithms;
}

/** The keys of a PKI. */
export interface PkiKeys {
  /** The identity of the user `peergos`. */
  readonly identity: PublicKeyHash;
  /** The writer of the username tree. */
  readonly pkiKey: PublicKeyHash;
}

/**
 * Creates the PKI of a new server (chapter 05 sections 1.2, 17.3 and 24): passwords, key files, the user `peergos` with the named key
 * `pki`, and a username tree with the chain of `peergos`. A start that was killed anywhere in between is finished by the next call: every step
 * first looks whether its result is there, and what follows depends on nothing else.
 *
 * The account has no files and no login data: nobody can sign in as `peergos`; its password only gives its identity key.
 */
export async function bootstrapPki(options: BootstrapOptions): Promise<PkiKeys> {
  return new Bootstrap(options).run();
}

class Bootstrap {
  private readonly writer: PkiWriter;
  private readonly blocks: BlockSource;

  constructor(private readonly options: BootstrapOptions) {
    this.writer = new PkiWriter(options);
    this.blocks = localBlockSource(options.local, PKI_USERNAME);
  }

  async run(): Promise<PkiKeys> {
    const secrets = await this.secrets();
    const pki = (await this.pkiKey(secrets)).signer;
    const identity = (await this.identityKey(secrets)).signer;
    try {
      const owner = identity.publicKeyHash;
      await this.options.space.registerUser(PKI_USERNAME, owner);
      await this.createIdentity(identity, pki);
      await this.createTree(identity, pki);
      return { identity: owner, pkiKey: pki.publicKeyHash };
    } finally {
      wipe(identity.secretKey);
      wipe(pki.secretKey);
    }
  }

  private async secrets(): Promise<PkiSecrets> {
    const { crypto, files } = this.options;
    const present = await files.readSecrets();
    if (present !== undefined) return present;
    const made = new PkiSecrets(toHex(crypto.randomBytes(PASSWORD_SIZE)), toHex(crypto.randomBytes(PASSWORD_SIZE)));
    await files.writeSecrets(made);
    return made;
  }

  /** The secret file comes first: the public one can be made from it. */
  private async pkiKey({ keyPassword }: PkiSecrets): Promise<SigningKeyPair> {
    const { crypto, files, algorithms } = this.options;
    const sealed = await files.readSecretKey();
    const pair = sealed === undefined ? SigningKeyPair.generate(crypto) : pairOf(crypto, await openPkiKey(crypto, sealed, keyPassword));
    if (sealed === undefined) {
      const algorithm = algorithms?.keyFile ?? ScryptSecretGeneration.of({ length: 32 });
      const cleartext = pair.secretKey.encode();
      const protectedKey = await PasswordProtected.seal(crypto, cleartext, keyPassword, algorithm);
      cleartext.fill(0);
      await files.writeSecretKey(protectedKey);
    }
    const publicKey = await files.readPublicKey();
    if (publicKey === undefined) await files.writePublicKey(pair.publicKey);
    else if (!publicKey.equals(pair.publicKey)) throw new FormatError('format.config', 'PKI key', 'the two key files do not match');
    return pair;
  }

  private async identityKey({ identityPassword }: PkiSecrets): Promise<SigningKeyPair> {
    const { crypto } = this.options;
    const algorithm = this.identityAlgorithm();
    const bytes = await hashToKeyBytes(crypto, PKI_USERNAME + algorithm.extraSalt, identityPassword, algorithm);
    const pair = SigningKeyPair.fromSeed(crypto, bytes.slice(0, 32));
    bytes.fill(0);
    return pair;
  }

  private identityAlgorithm(): ScryptSecretGeneration {
    return this.options.algorithms?.identity ?? ScryptSecretGeneration.of();
  }

  private async createIdentity(identity: Signer, pki: Signer): Promise<void> {
    const { crypto } = this.options;
    const owner = identity.publicKeyHash;
    const current = await this.read(owner, owner);
    if (current.hash !== undefined) {
      if (current.writerData?.named.get(PKI_KEY_NAME)?.ownedKey.equals(pki.publicKeyHash) === true) return;
      throw foreignState();
    }
    const batch = new BlockBatch(crypto);
    const writerData = WriterData.of(owner, {
      algorithm: this.identityAlgorithm(),
      owned: OwnedKeys.empty(this.blocks, { owner }).flush(batch),
      named: new Map([[PKI_KEY_NAME, OwnerProof.create(crypto, pki, owner)]]),
    });
    await this.writer.commit({ owner, signer: identity, current: undefined, writerData, batch });
  }

  private async createTree(identity: Signer, pki: Signer): Promise<void> {
    const { crypto } = this.options;
    const owner = identity.publicKeyHash;
    const tree = new UsernameTree(crypto, this.blocks, owner);
    const current = await this.read(owner, pki.publicKeyHash);
    if (current.hash !== undefined) {
      const root = current.writerData?.tree;
      if (root !== undefined && (await tree.get(root, PKI_USERNAME)) !== undefined) return;
      throw foreignState();
    }
    const batch = new BlockBatch(crypto);
    const root = await this.firstTree(tree, identity, batch);
    const owned = OwnedKeys.empty(this.blocks, { owner }).flush(batch);
    const writerData = WriterData.of(pki.publicKeyHash, { owned, tree: root });
    await this.writer.commit({ owner, signer: pki, current: undefined, writerData, batch });
  }

  /** The tree in which `peergos` is the only name. */
  private async firstTree(tree: UsernameTree, identity: Signer, batch: BlockBatch): Promise<Cid> {
    const { crypto, clock, ids } = this.options;
    const today = new Date(clock.now()).toISOString().slice(0, 10);
    const link = UserPublicKeyLink.createInitial(crypto, identity, PKI_USERNAME, addMonths(today, CLAIM_MONTHS), [ids.current]);
    return tree.create(PKI_USERNAME, batch.putCbor(encodeChain([link])), batch);
  }

  private async read(owner: PublicKeyHash, writer: PublicKeyHash): Promise<CommittedWriterData> {
    const { crypto, pointers } = this.options;
    return readCommittedWriterData(crypto, pointers, owner, writer, { hasher: crypto, blocks: this.blocks, context: { owner } });
  }
}

function pairOf(crypto: CryptoProvider, secretKey: { readonly bytes: Uint8Array }): SigningKeyPair {
  return SigningKeyPair.fromSeed(crypto, secretKey.bytes.slice(0, 32));
}

function foreignState(): FormatError {
  return new FormatError(
    'format.config',
    'data directory',
    'holds the data of another PKI than its key files; restore both from one backup',
  );
}
