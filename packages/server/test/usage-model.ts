import { Cid, CidCodec, type CidCodecCode, encodeCbor } from '@pyrgos/core/codec';
import { OwnerProof, type PublicKeyHash, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { followedLinks, MemoryBlocks, OwnedKeys, PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { WriterPointer } from '@pyrgos/core/store';
import type { SpaceWorld } from './space-world.js';

/** What the model knows of a writer. */
export interface ModelWriter {
  readonly name: string;
  readonly signer: Signer;
  /** The last accepted update, as it was signed. */
  signed: Uint8Array | undefined;
  /** Bytes at the time of that update. */
  counted: number;
  /** Names of the writers that it lists. */
  children: ReadonlySet<string>;
  pending: number;
  pendingAt: number;
  isKnown: boolean;
}

/** A new version of a writer, stored and signed, and what it means if it is accepted. */
export interface Attempt {
  readonly writer: ModelWriter;
  readonly update: WriterPointer;
  readonly counted: number;
  readonly children: ReadonlySet<string>;
}

/** The account of one user in plain maps: what the server's books must say at any time. */
export class UsageModel {
  readonly writers = new Map<string, ModelWriter>();
  readonly identity: ModelWriter;
  isErrored = false;
  /** Uploads from before this time are not pending any more. */
  private expiry = 0;
  quota: number;
  /** Every block that is stored, with its size and links. */
  private readonly blocks = new Map<string, { readonly size: number; readonly links: readonly Cid[] }>();

  constructor(
    private readonly world: SpaceWorld,
    readonly username: string,
    identity: SigningKeyPair,
    quota: number,
  ) {
    this.identity = this.add('identity', identity.signer);
    this.identity.isKnown = true;
    this.quota = quota;
  }

  get owner(): PublicKeyHash {
    return this.identity.signer.publicKeyHash;
  }

  add(name: string, signer: Signer = SigningKeyPair.generate(this.world.crypto).signer): ModelWriter {
    const writer = { name, signer, signed: undefined, counted: 0, children: new Set<string>(), pending: 0, pendingAt: 0, isKnown: false };
    this.writers.set(name, writer);
    return writer;
  }

  /** Writers that the identity reaches. */
  attached(): Set<string> {
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      for (const child of this.writers.get(name)!.children) visit(child);
    };
    visit(this.identity.name);
    return seen;
  }

  sums(): { readonly totalBytes: number; readonly detachedBytes: number; readonly pendingBytes: number; readonly isErrored: boolean } {
    const attached = this.attached();
    let [totalBytes, detachedBytes, pendingBytes] = [0, 0, 0];
    for (const { counted, name, pending, pendingAt } of this.writers.values()) {
      if (attached.has(name)) totalBytes += counted;
      else detachedBytes += counted;
      if (pendingAt >= this.expiry) pendingBytes += pending;
    }
    return { totalBytes, detachedBytes, pendingBytes, isErrored: this.isErrored };
  }

  /** Whether the block is stored. */
  has(cid: Cid): boolean {
    return this.blocks.has(cid.key);
  }

  /** Notes down that a block is stored. */
  note(cid: Cid, bytes: Uint8Array): void {
    this.blocks.set(cid.key, { size: bytes.length, links: followedLinks(cid, bytes) });
  }

  cidOf(bytes: Uint8Array, codec: CidCodecCode = CidCodec.dagCbor): Cid {
    return Cid.ofSha256(this.world.crypto.sha256(bytes), codec);
  }

  /** Stores blocks past admission. */
  async store(...blocks: readonly (readonly [Uint8Array, CidCodecCode])[]): Promise<void> {
    const stored = blocks.map(([bytes, codec]) => ({ cid: this.cidOf(bytes, codec), bytes }));
    await this.world.local.put(this.username, stored, 'model');
    for (const { bytes, cid } of stored) this.note(cid, bytes);
  }

  /** The definition of chapter 08 section 6.1. */
  size(root: Cid): number {
    const block = this.blocks.get(root.key);
    return block === undefined ? 0 : block.links.reduce((sum, link) => sum + this.size(link), block.size);
  }

  /** Stores a version of a writer with this tree and these children, and signs the update to it; undefined tree: deletion. */
  async attempt(writer: ModelWriter, tree: Cid | undefined, children: ReadonlySet<string>): Promise<Attempt> {
    const current = writer.signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(writer.signed);
    let target: Cid | undefined;
    if (tree !== undefined) {
      const owned = await this.storeOwned(writer, children);
      // Never the same version twice: an update must change something.
      const salt = encodeCbor((current?.sequence ?? 0) + 1);
      await this.store([salt, CidCodec.dagCbor]);
      const bytes = WriterData.of(writer.signer.publicKeyHash, { owned, tree, public: this.cidOf(salt) }).encode();
      await this.store([bytes, CidCodec.dagCbor]);
      target = this.cidOf(bytes);
    }
    const signed = PointerUpdate.next(current, target).sign(this.world.crypto, writer.signer);
    return {
      writer,
      update: { writer: writer.signer.publicKeyHash, signed },
      counted: target === undefined ? 0 : this.size(target),
      children: target === undefined ? new Set() : children,
    };
  }

  /** Updates were accepted, together. */
  accept(...attempts: readonly Attempt[]): void {
    if (attempts.length === 0) return;
    for (const { children, counted, update, writer } of attempts) {
      writer.signed = update.signed;
      writer.counted = counted;
      writer.children = children;
      writer.pending = 0;
    }
    // Other writers may link what has been uploaded in the meantime.
    this.recount();
    for (const { children } of attempts) for (const child of children) this.writers.get(child)!.isKnown = true;
    const { detachedBytes, totalBytes } = this.sums();
    if (totalBytes + detachedBytes <= this.quota) this.isErrored = false;
  }

  /** The rule of admission; books and says whether an upload passes. */
  admit(writer: ModelWriter, bytes: number, now: number, tolerance: number): boolean {
    // Nothing pending is forgotten before what has arrived is charged to whoever links it.
    if (this.dropExpired() || !this.fits(bytes, tolerance)) this.recount();
    if (!this.fits(bytes, tolerance)) {
      writer.pending = 0;
      this.isErrored = true;
      return false;
    }
    writer.pending += bytes;
    writer.pendingAt = now;
    return true;
  }

  /** Old uploads are not pending any more. */
  expire(before: number): void {
    this.expiry = before;
  }

  /** Whether a writer has uploads of which nobody has taken note yet that they have expired. */
  hasExpired({ pending, pendingAt }: ModelWriter): boolean {
    return pending > 0 && pendingAt < this.expiry;
  }

  /** Everything is counted anew. */
  recount(): void {
    for (const writer of this.writers.values()) {
      const target = writer.signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(writer.signed).updated;
      writer.counted = target === undefined ? 0 : this.size(target);
    }
  }

  private fits(bytes: number, tolerance: number): boolean {
    const { detachedBytes, pendingBytes, totalBytes } = this.sums();
    return totalBytes + detachedBytes + pendingBytes + bytes <= this.quota + (this.isErrored ? tolerance : 0);
  }

  private dropExpired(): boolean {
    let isAny = false;
    for (const writer of this.writers.values()) {
      if (!this.hasExpired(writer)) continue;
      writer.pending = 0;
      isAny = true;
    }
    return isAny;
  }

  private async storeOwned(writer: ModelWriter, children: ReadonlySet<string>): Promise<Cid> {
    const memory = new MemoryBlocks(this.world.crypto);
    const all: Uint8Array[] = [];
    const sink = {
      putCbor: (bytes: Uint8Array): Cid => {
        all.push(bytes);
        return memory.putCbor(bytes);
      },
    };
    const owned = OwnedKeys.empty(memory, { owner: this.owner });
    for (const child of children) {
      await owned.add(OwnerProof.create(this.world.crypto, this.writers.get(child)!.signer, writer.signer.publicKeyHash), sink);
    }
    const root = owned.flush(sink);
    await this.store(...all.map((bytes) => [bytes, CidCodec.dagCbor] as const));
    return root;
  }
}
