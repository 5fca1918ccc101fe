import { assertInteger, isWellFormed } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { Secret } from '../keys/secret.js';
import { MAX_INODE_NAME_LENGTH } from '../limits.js';
import { AbsoluteCapability } from './absolute-capability.js';

/** Why a text cannot be a path element (chapter 03 section 8.1), or undefined when it can. */
function nameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string') return 'must be text';
  if (name.length > MAX_INODE_NAME_LENGTH) return `is longer than ${MAX_INODE_NAME_LENGTH} UTF-16 units`;
  if (name.includes('/')) return 'contains a slash';
  return isWellFormed(name) ? undefined : 'contains an unpaired surrogate';
}

/** The number and last path element of a published file or directory (chapter 03 section 8.1). Only both together identify it. */
export class Inode implements ToCbor {
  /** The root directory: number 0, empty name. */
  static readonly root: Inode = new Inode(0, '');

  private constructor(
    readonly number: number,
    readonly name: string,
  ) {}

  /** Builds an inode. */
  static of(number: number, name: string): Inode {
    assertInteger('number', number, 0, Number.MAX_SAFE_INTEGER);
    const problem = nameProblem(name);
    if (problem !== undefined) throw new ArgumentError('name', problem);
    return new Inode(number, name);
  }

  /** Reads the map `{"i", "n"}`; a bad name is a FormatError. */
  static fromCbor(value: CborValue, where = 'Inode'): Inode {
    const fields = CborFields.map('format.inode', where, value);
    const name = fields.text('n');
    const problem = nameProblem(name);
    if (problem !== undefined) return fields.fail('n', problem);
    return new Inode(fields.integer('i', 0), name);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): Inode {
    return Inode.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: Inode | undefined): boolean {
    return other instanceof Inode && this.number === other.number && this.name === other.name;
  }

  /** The map `{"i", "n"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['i', this.number],
      ['n', this.name],
    ]);
  }

  /** The CBOR bytes: the key of the inode CHAMP. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** A child of a public directory: an inode and, when this very path is published, its capability. Immutable. */
export class InodeCap extends Secret implements ToCbor {
  protected readonly secretKind: string = 'InodeCap';

  private constructor(
    readonly inode: Inode,
    readonly capability: AbsoluteCapability | undefined,
  ) {
    super();
  }

  /** Pairs an inode with a capability. A writable capability is an ArgumentError: the whole world reads this. */
  static of(inode: Inode, capability?: AbsoluteCapability): InodeCap {
    if (!(inode instanceof Inode)) throw new ArgumentError('inode', 'must be an Inode');
    if (capability !== undefined) {
      if (!(capability instanceof AbsoluteCapability)) throw new ArgumentError('capability', 'must be an AbsoluteCapability');
      if (capability.isWritable) throw new ArgumentError('capability', 'must be read-only');
    }
    return new InodeCap(inode, capability);
  }

  /** Reads the map `{"c"?, "i"}`. */
  static fromCbor(value: CborValue, where = 'InodeCap'): InodeCap {
    const fields = CborFields.map('format.inode', where, value);
    const capability = fields.optionalMap('c');
    return new InodeCap(
      Inode.fromCbor(fields.map('i'), fields.path('i')),
      capability === undefined ? undefined : AbsoluteCapability.fromCbor(capability, fields.path('c')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): InodeCap {
    return InodeCap.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: InodeCap | undefined): boolean {
    return (
      other instanceof InodeCap &&
      this.inode.equals(other.inode) &&
      (this.capability === undefined ? other.capability === undefined : this.capability.equals(other.capability))
    );
  }

  /** The map `{"c"?, "i"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.capability?.toCbor()],
      ['i', this.inode.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/**
 * The elements of a public path in canonical form (chapter 03 section 8.2): `\` counts as `/`, one leading `/` and trailing empty
 * elements are dropped. ArgumentError for an empty element inside or one that cannot be a name. The empty path has no elements.
 */
export function parseInodePath(path: string): string[] {
  if (typeof path !== 'string') throw new ArgumentError('path', 'must be a string');
  const elements = path.replaceAll('\\', '/').replace(/^\//, '').split('/');
  while (elements.at(-1) === '') elements.pop();
  for (const element of elements) {
    const problem = element === '' ? 'is empty' : nameProblem(element);
    if (problem !== undefined) throw new ArgumentError('path', `has an element that ${problem}`);
  }
  return elements;
}
