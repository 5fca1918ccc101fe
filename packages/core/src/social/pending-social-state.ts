import { assertIterable } from '../arguments.js';
import { decodeCborPrefix } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { LimitError } from '../errors.js';
import { MAX_PENDING_FOLLOWS } from '../limits.js';
import { assertFriendName, friendNameField, isFriendName, socialMap } from './social-fields.js';

/**
 * Whom a user has asked to follow and who has not answered: `/<user>/.social-state.cbor` (chapter 06 section 4.1). A refusal may come from anybody, so that whoever seems to have
 * refused stays among those who may still answer (section 4.10). Beside them stands who is being removed from the followers. Immutable.
 */
export class PendingSocialState implements ToCbor {
  private constructor(
    /** In the order of the file, which means nothing. */
    readonly pendingOutgoing: ReadonlySet<string>,
    /** Those of them in whose name a refusal has come. */
    readonly refused: ReadonlySet<string> = new Set(),
    /** Followers whose removal has begun, and not ended. */
    readonly removing: ReadonlySet<string> = new Set(),
    /** Those of them of whom something is in the way: it goes on only when somebody asks for it. */
    readonly stuck: ReadonlySet<string> = new Set(),
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

  /** Reads the map `{"pendingOutgoing"}`, and `refused`, `removing` and `stuck`, which other programs do not write. LimitError beyond MAX_PENDING_FOLLOWS. */
  static fromCbor(value: CborValue, where = 'PendingSocialState'): PendingSocialState {
    const fields = socialMap(where, value);
    const list = CborFields.list('format.social', fields.path('pendingOutgoing'), fields.list('pendingOutgoing'));
    if (list.size > MAX_PENDING_FOLLOWS) throw new LimitError('pending follow requests', list.size, MAX_PENDING_FOLLOWS);
    const pending = new Set(Array.from({ length: list.size }, (_, i) => friendNameField(list, i)));
    // Others leave what they do not know as it is, at best.
    const refused = (fields.optionalList('refused') ?? []).filter((name): name is string => typeof name === 'string' && pending.has(name));
    const removing = (fields.optionalList('removing') ?? []).filter(isFriendName);
    if (removing.length > MAX_PENDING_FOLLOWS) throw new LimitError('followers to be removed', removing.length, MAX_PENDING_FOLLOWS);
    const stuck = (fields.optionalList('stuck') ?? []).filter(
      (name): name is string => typeof name === 'string' && removing.includes(name),
    );
    return new PendingSocialState(pending, new Set(refused), new Set(removing), new Set(stuck));
  }

  /** Reads the file. What follows the item is ignored: the reference leaves the end of a longer file there (section 1). */
  static decode(bytes: Uint8Array): PendingSocialState {
    return PendingSocialState.fromCbor(decodeCborPrefix(bytes).value);
  }

  /** The same with one more name, who is asked, has not refused that, and may follow: no removal of theirs goes on. LimitError beyond MAX_PENDING_FOLLOWS. */
  with(username: string): PendingSocialState {
    const { pendingOutgoing } = PendingSocialState.of([...this.pendingOutgoing, username]);
    return new PendingSocialState(pendingOutgoing, except(this.refused, username), this.removing, this.stuck).withoutRemoval(username);
  }

  /** The same without a name: neither asked nor being removed. */
  without(username: string): PendingSocialState {
    const pending = except(this.pendingOutgoing, username);
    return new PendingSocialState(pending, except(this.refused, username), this.removing, this.stuck).withoutRemoval(username);
  }

  /** The same after a refusal in the name of a user; nothing changes for one who is not asked. */
  refusedBy(username: string): PendingSocialState {
    if (!this.pendingOutgoing.has(username)) return this;
    return new PendingSocialState(this.pendingOutgoing, new Set([...this.refused, username]), this.removing, this.stuck);
  }

  /** The same while the removal of a follower goes on, or something is in its way. LimitError beyond MAX_PENDING_FOLLOWS. */
  withRemoval(username: string, isStuck = false): PendingSocialState {
    assertFriendName('username', username);
    const removing = new Set([...this.removing, username]);
    if (removing.size > MAX_PENDING_FOLLOWS) throw new LimitError('followers to be removed', removing.size, MAX_PENDING_FOLLOWS);
    const stuck = isStuck ? new Set([...this.stuck, username]) : except(this.stuck, username);
    return new PendingSocialState(this.pendingOutgoing, this.refused, removing, stuck);
  }

  /** The same when a removal has ended. */
  withoutRemoval(username: string): PendingSocialState {
    return new PendingSocialState(this.pendingOutgoing, this.refused, except(this.removing, username), except(this.stuck, username));
  }

  /** Whether both have the same names. */
  equals(other: PendingSocialState | undefined): boolean {
    return (
      other instanceof PendingSocialState &&
      isSameSet(this.pendingOutgoing, other.pendingOutgoing) &&
      isSameSet(this.refused, other.refused) &&
      isSameSet(this.removing, other.removing) &&
      isSameSet(this.stuck, other.stuck)
    );
  }

  /** The map `{"pendingOutgoing"}`, with `stuck`, `refused` and `removing` if there are any. */
  toCbor(): CborValue {
    const entries: [string, CborValue][] = [];
    if (this.stuck.size > 0) entries.push(['stuck', [...this.stuck]]);
    if (this.refused.size > 0) entries.push(['refused', [...this.refused]]);
    if (this.removing.size > 0) entries.push(['removing', [...this.removing]]);
    return cborMap([...entries, ['pendingOutgoing', [...this.pendingOutgoing]]]);
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function except(names: ReadonlySet<string>, username: string): ReadonlySet<string> {
  return new Set([...names].filter((name) => name !== username));
}

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((name) => other.has(name));
}
