import { assertIterable } from '../arguments.js';
import { decodeCborPrefix } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { LimitError } from '../errors.js';
import { MAX_PENDING_FOLLOWS } from '../limits.js';
import { assertFriendName, friendNameField, socialMap } from './social-fields.js';

/** Whom a user has asked to follow and who has not answered: `/<user>/.social-state.cbor` (chapter 06 section 4.1). Immutable. */
export class PendingSocialState implements ToCbor {
  private constructor(
    /** In the order of the file, which means nothing. */
    readonly pendingOutgoing: ReadonlySet<string>,
  ) {}

  /** Builds a state. LimitError beyond MAX_PENDING_FOLLOWS. */
  static of(pendingOutgoing: Iterable<string> = []): PendingSocialState {
    assertIterable('pendingOutgoing', pendingOutgoing);
    const names = new Set<string>();
    for (const name of pendingOutgoing) {
      assertFriendName('pendingOutgoing', name);
      names.add(name);
      if (names.size > MAX_PENDING_FOLLOWS) throw new LimitError('pending follow requests', names.size, MAX_PENDING_FOLLOWS);
    }
    return new PendingSocialState(names);
  }

  /** Reads the map `{"pendingOutgoing"}`. LimitError beyond MAX_PENDING_FOLLOWS. */
  static fromCbor(value: CborValue, where = 'PendingSocialState'): PendingSocialState {
    const fields = socialMap(where, value);
    const list = CborFields.list('format.social', fields.path('pendingOutgoing'), fields.list('pendingOutgoing'));
    if (list.size > MAX_PENDING_FOLLOWS) throw new LimitError('pending follow requests', list.size, MAX_PENDING_FOLLOWS);
    return new PendingSocialState(new Set(Array.from({ length: list.size }, (_, i) => friendNameField(list, i))));
  }

  /** Reads the file. What follows the item is ignored: the reference leaves the end of a longer file there (section 1). */
  static decode(bytes: Uint8Array): PendingSocialState {
    return PendingSocialState.fromCbor(decodeCborPrefix(bytes).value);
  }

  /** The same with one more name. */
  with(username: string): PendingSocialState {
    return PendingSocialState.of([...this.pendingOutgoing, username]);
  }

  /** The same without a name. */
  without(username: string): PendingSocialState {
    return new PendingSocialState(new Set([...this.pendingOutgoing].filter((name) => name !== username)));
  }

  /** Whether both have the same names. */
  equals(other: PendingSocialState | undefined): boolean {
    return (
      other instanceof PendingSocialState &&
      this.pendingOutgoing.size === other.pendingOutgoing.size &&
      [...this.pendingOutgoing].every((name) => other.pendingOutgoing.has(name))
    );
  }

  /** The map `{"pendingOutgoing"}`. */
  toCbor(): CborValue {
    return cborMap([['pendingOutgoing', [...this.pendingOutgoing]]]);
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
