import { CborFields, cborMap, type CborValue, decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { FileRef } from '@pyrgos/core/social';
import { isDamage, type Item, type View } from '../files/view/index.js';
import { readAll } from '../social/own-files.js';

/** References that are kept at most; what is older was not to be had for a long time. */
const MAX_PENDING = 1000;

/** Attachments of others that are to be copied into the own space, and are not yet: a file of Pyrgos that nobody else sees. Immutable. */
export class PendingMedia {
  private constructor(readonly refs: readonly FileRef[]) {}

  static readonly empty: PendingMedia = new PendingMedia([]);

  /** Reads the file; what is damaged says nothing. */
  static async read(view: View, file: Item | undefined): Promise<PendingMedia> {
    if (file === undefined) return PendingMedia.empty;
    try {
      return PendingMedia.decode(await readAll(view, file));
    } catch (error) {
      if (!isDamage(error) && !(error instanceof PyrgosError && error.code.startsWith('format.'))) throw error;
      return PendingMedia.empty;
    }
  }

  /** Reads the map `{"r": [FileRef]}`. */
  static decode(bytes: Uint8Array): PendingMedia {
    const fields = CborFields.map('format.chat', 'PendingMedia', decodeCbor(bytes));
    return new PendingMedia(fields.list('r').map((value, i) => FileRef.fromCbor(value, `PendingMedia.r[${i}]`)));
  }

  get isEmpty(): boolean {
    return this.refs.length === 0;
  }

  /** With more at the end. */
  with(refs: readonly FileRef[]): PendingMedia {
    return new PendingMedia([...this.refs, ...refs].slice(-MAX_PENDING));
  }

  /** Without those that are done with. */
  without(done: readonly FileRef[]): PendingMedia {
    return new PendingMedia(this.refs.filter((ref) => !done.some((one) => one.equals(ref))));
  }

  encode(): Uint8Array {
    const refs: readonly CborValue[] = this.refs.map((ref) => ref.toCbor());
    return encodeCbor(cborMap([['r', refs]]));
  }
}
