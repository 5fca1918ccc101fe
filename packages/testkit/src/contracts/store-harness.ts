import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { OwnerProof, type PublicKeyHash, SigningKeyPair, type Signer } from '@pyrgos/core/keys';
import { MemoryBlocks, OwnedKeys, PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { BlockStore, PointerStore } from '@pyrgos/core/store';
import { signBlock } from '../stores/memory-block-store.js';

/** A fresh server for one test of a contract. */
export interface StoreHarness {
  readonly crypto: CryptoProvider;
  readonly blocks: BlockStore;
  readonly pointers: PointerStore;
  /** An identity that the server knows, with neither pointer nor blocks. */
  readonly owner: SigningKeyPair;
  /** Whether gated blocks can be read only with their BAT. */
  readonly checksBats: boolean;
  /** Makes another identity known to the server, where the test can. */
  readonly addIdentity?: () => Promise<SigningKeyPair>;
  /** The blocks protected by open transactions, where the test can see them. */
  readonly openBlocks?: (owner: PublicKeyHash) => Promise<readonly Cid[]>;
  /** Collects garbage, where the test can ask for it. */
  readonly collectGarbage?: (owner: PublicKeyHash) => Promise<unknown>;
  /** Runs `action` between the validation and the storing of the next update, where the test can get in between. */
  readonly duringNextCommit?: (action: () => Promise<void>) => void;
  /** Bans a writer, where the test can play the operator. */
  readonly ban?: (writer: PublicKeyHash) => Promise<void>;
  /** Frees what the harness holds. */
  readonly close?: () => Promise<void>;
}

/** Uploads dag-cbor blocks of one writer in a transaction of their own. */
export async function upload(harness: StoreHarness, signer: Signer, ...blocks: readonly Uint8Array[]): Promise<Cid[]> {
  const owner = harness.owner.publicKey.hash;
  const signed = blocks.map((bytes) => signBlock(harness.crypto, signer, bytes));
  const transaction = await harness.blocks.startTransaction(owner);
  try {
    await harness.blocks.putBlocks(owner, signer.publicKeyHash, signed, transaction);
  } finally {
    await harness.blocks.closeTransaction(owner, transaction);
  }
  return signed.map(({ cid }) => cid);
}

/** The current update of a writer, or undefined. */
export async function currentPointer(harness: StoreHarness, writer: PublicKeyHash): Promise<PointerUpdate | undefined> {
  const signed = await harness.pointers.getPointer(harness.owner.publicKey.hash, writer);
  return signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed);
}

/** Uploads a WriterData and points its controller at it; returns its CID. */
export async function commit(harness: StoreHarness, signer: Signer, writerData: WriterData): Promise<Cid> {
  const [cid] = await upload(harness, signer, writerData.encode());
  const update = PointerUpdate.next(await currentPointer(harness, signer.publicKeyHash), cid);
  const accepted = await harness.pointers.setPointer(
    harness.owner.publicKey.hash,
    signer.publicKeyHash,
    update.sign(harness.crypto, signer),
  );
  if (!accepted || cid === undefined) throw new Error('the store refused a correct update');
  return cid;
}

/** A new writer whom `parent` lists as owned, committed; nothing is written by the child yet. */
export async function addChild(harness: StoreHarness, parent: Signer): Promise<SigningKeyPair> {
  const { crypto } = harness;
  const child = SigningKeyPair.generate(crypto);
  const blocks = new MemoryBlocks(crypto);
  const owned = OwnedKeys.empty(blocks, { owner: harness.owner.publicKey.hash });
  const proof = OwnerProof.create(crypto, child.signer, parent.publicKeyHash);
  await owned.add(proof, blocks);
  const root = owned.flush(blocks);
  await upload(harness, parent, proof.encode(), await blocks.getBlock(root));
  await commit(harness, parent, WriterData.of(parent.publicKeyHash, { owned: root }));
  return child;
}
