import { assertFunction, assertInstance, assertInstances, assertIterable, assertObject } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { Secret } from '../keys/secret.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { assertLegalName, isLegalName } from '../model/cryptree/file-name.js';
import { assertFriendName, decodeSocialFile, encodeSocialFile, friendNameField, isFriendName, socialMap } from './social-fields.js';

/** A capability that a friend has shared, for an item of the folder. */
export interface ReceivedCapability {
  /** The name of the item. */
  readonly name: string;
  readonly capability: AbsoluteCapability;
  /** The friend. */
  readonly sharer: string;
}

/** The best known capability of one item that others share (chapter 06 section 9.3). A secret. Immutable. */
export class ReceivedChild extends Secret implements ToCbor {
  protected readonly secretKind: string = 'ReceivedChild';

  private constructor(
    readonly name: string,
    readonly capability: AbsoluteCapability,
    /** Who has shared it. */
    readonly sharers: readonly string[],
  ) {
    super();
  }

  /** Builds it. */
  static of(name: string, capability: AbsoluteCapability, sharers: Iterable<string>): ReceivedChild {
    assertLegalName(name, 'name');
    assertInstance('capability', capability, AbsoluteCapability);
    assertIterable('sharers', sharers);
    const names = [...sharers];
    if (!names.every(isFriendName)) throw new ArgumentError('sharers', 'must be usernames without a leading dot');
    return new ReceivedChild(name, capability, names);
  }

  /** Reads the map `{"c", "n", "s"}`. */
  static fromCbor(value: CborValue, where = 'ReceivedChild'): ReceivedChild {
    const fields = socialMap(where, value);
    const name = fields.text('n');
    if (!isLegalName(name)) return fields.fail('n', 'must be the name of a file');
    const sharers = CborFields.list('format.social', fields.path('s'), fields.list('s'));
    return new ReceivedChild(
      name,
      AbsoluteCapability.fromCbor(fields.map('c'), fields.path('c')),
      Array.from({ length: sharers.size }, (_, i) => friendNameField(sharers, i)),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): ReceivedChild {
    return ReceivedChild.fromCbor(decodeCbor(bytes));
  }

  /** Value equality, of the order of the sharers, too. */
  equals(other: ReceivedChild | undefined): boolean {
    return (
      other instanceof ReceivedChild &&
      this.name === other.name &&
      this.capability.equals(other.capability) &&
      this.sharers.length === other.sharers.length &&
      this.sharers.every((name, i) => name === other.sharers[i])
    );
  }

  /** The map `{"c", "n", "s"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.capability.toCbor()],
      ['n', this.name],
      ['s', [...this.sharers]],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/**
 * What others share of one folder: `items.cbor` in the mirror of the folder below `/<user>/.capabilitycache/world` (chapter 06 section 9.3). Each
 * name is in it once. Immutable.
 */
export class CapsInDirectory implements ToCbor {
  /** Nothing is shared. */
  static readonly empty: CapsInDirectory = new CapsInDirectory(new Map());

  private constructor(
    /** By name, in the order of the file. */
    readonly children: ReadonlyMap<string, ReceivedChild>,
  ) {}

  /** Builds it. ArgumentError when a name occurs twice. */
  static of(children: readonly ReceivedChild[]): CapsInDirectory {
    assertInstances('children', children, ReceivedChild);
    const byName = new Map(children.map((child) => [child.name, child]));
    if (byName.size !== children.length) throw new ArgumentError('children', 'must have different names');
    return new CapsInDirectory(byName);
  }

  /** Reads the map `{"c"}`; of several children of one name the first counts. */
  static fromCbor(value: CborValue, where = 'CapsInDirectory'): CapsInDirectory {
    const fields = socialMap(where, value);
    const children = new Map<string, ReceivedChild>();
    for (const [i, item] of fields.list('c').entries()) {
      const child = ReceivedChild.fromCbor(item, `${fields.path('c')}[${i}]`);
      if (!children.has(child.name)) children.set(child.name, child);
    }
    return new CapsInDirectory(children);
  }

  /** Reads the file; anything after the item is an error. LimitError beyond MAX_SOCIAL_FILE_SIZE. */
  static decode(bytes: Uint8Array): CapsInDirectory {
    return CapsInDirectory.fromCbor(decodeSocialFile(bytes));
  }

  /**
   * Takes new capabilities in, one after the other (section 9.3). `resolves` says whether a known capability still leads to something; it is
   * asked only when a writable one would give way to one for reading.
   */
  async merge(
    received: Iterable<ReceivedCapability>,
    resolves: (capability: AbsoluteCapability) => boolean | Promise<boolean>,
  ): Promise<CapsInDirectory> {
    assertIterable('received', received);
    assertFunction('resolves', resolves);
    const children = new Map(this.children);
    for (const item of received) {
      assertObject('received', item);
      const { name, capability, sharer } = item;
      assertLegalName(name, 'received.name');
      assertInstance('received.capability', capability, AbsoluteCapability);
      assertFriendName('received.sharer', sharer);
      children.set(name, await merged(children.get(name), item, resolves));
    }
    return new CapsInDirectory(children);
  }

  /** Value equality, of the order of the children, too. */
  equals(other: CapsInDirectory | undefined): boolean {
    if (!(other instanceof CapsInDirectory) || this.children.size !== other.children.size) return false;
    const others = [...other.children.values()];
    return [...this.children.values()].every((child, i) => child.equals(others[i]));
  }

  /** The map `{"c"}`. */
  toCbor(): CborValue {
    return cborMap([['c', [...this.children.values()].map((child) => child.toCbor())]]);
  }

  /** The bytes of the file. LimitError beyond MAX_SOCIAL_FILE_SIZE. */
  encode(): Uint8Array {
    return encodeSocialFile(this.toCbor());
  }
}

async function merged(
  known: ReceivedChild | undefined,
  { name, capability, sharer }: ReceivedCapability,
  resolves: (capability: AbsoluteCapability) => boolean | Promise<boolean>,
): Promise<ReceivedChild> {
  if (known === undefined) return ReceivedChild.of(name, capability, [sharer]);
  if (known.capability.equals(capability)) {
    return known.sharers.includes(sharer) ? known : ReceivedChild.of(name, capability, [...known.sharers, sharer]);
  }
  if (!known.capability.isWritable && known.sharers.length === 1 && known.sharers[0] === sharer) {
    return ReceivedChild.of(name, capability, known.sharers);
  }
  if (known.capability.isWritable && !capability.isWritable && (await resolves(known.capability))) return known;
  return ReceivedChild.of(name, capability, [sharer]);
}
