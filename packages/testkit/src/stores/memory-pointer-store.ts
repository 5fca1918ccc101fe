import { copyBytes } from '@pyrgos/core/bytes';
import { decodeCbor } from '@pyrgos/core/codec';
import { ArgumentError, CryptoError, DeniedError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { type PublicKeyHash, resolveSigningKey } from '@pyrgos/core/keys';
import { assertController, type PointerUpdate, validatePointerUpdate, WriterData } from '@pyrgos/core/model';
import type { PointerStore, WriterPointer } from '@pyrgos/core/store';
import type { ServerCore } from './server-core.js';

interface Change extends WriterPointer {
  readonly current: Uint8Array | undefined;
}

/** The text of a failed controller check; setPointer answers it with "rejected" instead of an error (chapter 03 section 2.6 step 8). */
const CONTROLLER_MISMATCH = 'WriterData controller mismatch';

/** The pointer side of a memory server, with the rules of chapter 03 sections 2.6 and 2.7. */
export class MemoryPointerStore implements PointerStore {
  constructor(private readonly core: ServerCore) {}

  /** See {@link PointerStore.getPointer}. */
  async getPointer(owner: PublicKeyHash, writer: PublicKeyHash, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    throwIfAborted(signal, 'getPointer');
    return this.core.run({ name: 'getPointer', owner, writers: [writer] }, async () => {
      this.refuseBanned(writer);
      const signed = this.core.state.pointers.get(writer.key);
      return signed === undefined ? undefined : copyBytes(signed);
    });
  }

  /** See {@link PointerStore.setPointer}: false for a bad signature, a foreign WriterData and a lost race. */
  async setPointer(owner: PublicKeyHash, writer: PublicKeyHash, signed: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    throwIfAborted(signal, 'setPointer');
    return this.core.run({ name: 'setPointer', owner, writers: [writer] }, async () => {
      let change: Change;
      try {
        change = await this.validate(owner, { writer, signed });
      } catch (error) {
        const isSignature = error instanceof CryptoError && error.code === 'crypto.signature';
        if (isSignature || (error instanceof DeniedError && error.message.startsWith(CONTROLLER_MISMATCH))) return false;
        throw error;
      }
      return this.commit(owner, [change]);
    });
  }

  /** See {@link PointerStore.setPointers}. */
  async setPointers(owner: PublicKeyHash, updates: readonly WriterPointer[], signal?: AbortSignal): Promise<boolean> {
    throwIfAborted(signal, 'setPointers');
    const writers = updates.map(({ writer }) => writer);
    if (new Set(writers.map(({ key }) => key)).size !== writers.length) throw new ArgumentError('updates', 'a writer occurs twice');
    return this.core.run({ name: 'setPointers', owner, writers }, async () => {
      const changes: Change[] = [];
      for (const update of updates) changes.push(await this.validate(owner, update));
      return this.commit(owner, changes);
    });
  }

  private refuseBanned(writer: PublicKeyHash): void {
    if (!this.core.state.banned.has(writer.key)) return;
    throw new DeniedError('denied.pointer', 'This Peergos subspace has been banned from this server', { writer: writer.toString() });
  }

  private async validate(owner: PublicKeyHash, { writer, signed }: WriterPointer): Promise<Change> {
    this.refuseBanned(writer);
    const current = this.core.state.pointers.get(writer.key);
    const writerKey = await resolveSigningKey(writer, this.core.lookup(owner));
    const update = validatePointerUpdate(this.core.crypto, writerKey, current, signed);
    await this.checkTarget(owner, writer, update);
    return { writer, signed: copyBytes(signed), current };
  }

  private async checkTarget(owner: PublicKeyHash, writer: PublicKeyHash, { updated }: PointerUpdate): Promise<void> {
    if (updated === undefined) return;
    let writerData: WriterData;
    try {
      writerData = WriterData.fromCbor(decodeCbor(await this.core.localBlocks(owner).getBlock(updated, { owner })));
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      throw new DeniedError('denied.pointer', `Couldn't retrieve WriterData from dht! ${updated.toString()}`, {
        cid: updated.toString(),
      });
    }
    assertController(writerData, writer);
  }

  /** Stores all or nothing: every row must still be what it was at the validation. */
  private async commit(owner: PublicKeyHash, changes: readonly Change[]): Promise<boolean> {
    if (changes.length === 0) return true;
    const committed = await this.core.run({ name: 'commitPointers', owner, writers: changes.map(({ writer }) => writer) }, async () => {
      const { pointers } = this.core.state;
      // Stored arrays are never modified, so that identity is equality of the raw value's version.
      if (changes.some(({ writer, current }) => pointers.get(writer.key) !== current)) return false;
      for (const { writer, signed } of changes) pointers.set(writer.key, signed);
      return true;
    });
    if (committed) for (const { writer } of changes) await this.core.registerChildren(owner, writer);
    return committed;
  }
}
