import { assertInstance, assertInstances } from '../../arguments.js';
import type { CborValue } from '../../codec/cbor-value.js';
import type { FragmentReader } from '../../containers/fragment-fetch.js';
import type { SecretboxOpener } from '../../containers/fragmented-cipher-text.js';
import { FormatError, PyrgosError } from '../../errors.js';
import { MAX_FILE_NAME_LENGTH } from '../../limits.js';
import { Secret } from '../../keys/secret.js';
import type { SymmetricKey } from '../../keys/symmetric-key.js';
import { CryptreeNode } from './cryptree-node.js';
import { NamedRelativeCapability } from './named-relative-capability.js';
import { RelativeCapability } from './relative-capability.js';

/** How a directory lists a child: with its name, or without one in legacy data, where the name is in the child's own properties. */
export type ChildLink = NamedRelativeCapability | RelativeCapability;

/** One element of the child list of a directory (chapter 04 section 9.1). A secret. Immutable. */
export class ChildEntry extends Secret {
  protected readonly secretKind: string = 'ChildEntry';

  readonly #cbor: CborValue;

  private constructor(
    /** Absent when the element is malformed. */
    readonly link: ChildLink | undefined,
    /** The listed name; absent in legacy lists and in malformed elements. */
    readonly name: string | undefined,
    /** What is wrong with the element; its siblings are not affected. */
    readonly error: PyrgosError | undefined,
    /** What a malformed element says that its name is, if anything: whatever somebody has put there, by which people may know it. Undefined for every other element. */
    readonly claimedName: string | undefined,
    cbor: CborValue,
  ) {
    super();
    this.#cbor = cbor;
  }

  /** The element as it was decoded, keys and all: whoever rewrites a list keeps it as it is. */
  get cbor(): CborValue {
    return this.#cbor;
  }

  /** The entry of a child. */
  static of(link: NamedRelativeCapability): ChildEntry {
    assertInstance('link', link, NamedRelativeCapability);
    return new ChildEntry(link, link.name, undefined, undefined, link.toCbor());
  }

  /** Reads one element; a malformed one is an entry with an error. */
  static fromCbor(value: CborValue, where = 'ChildEntry'): ChildEntry {
    try {
      // By element, not by list: a malformed first one must not hide the names of the others.
      if (!(value instanceof Map) || !value.has('n')) {
        return new ChildEntry(RelativeCapability.fromCbor(value, where), undefined, undefined, undefined, value);
      }
      const link = NamedRelativeCapability.fromCbor(value, where);
      return new ChildEntry(link, link.name, undefined, undefined, value);
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      return new ChildEntry(undefined, undefined, error, claimedNameOf(value), value);
    }
  }
}

/** The name that an element claims, cut where none may go on. */
function claimedNameOf(value: CborValue): string | undefined {
  const name = value instanceof Map ? value.get('n') : undefined;
  return typeof name === 'string' ? name.slice(0, MAX_FILE_NAME_LENGTH) : undefined;
}

/** Reads a decrypted child list. FormatError when it is no list; malformed elements are entries with an error. */
export function parseChildren(value: CborValue): readonly ChildEntry[] {
  if (!Array.isArray(value)) throw new FormatError('format.cryptree', 'children', 'must be a list');
  return (value as readonly CborValue[]).map((element, i) => ChildEntry.fromCbor(element, `children[${i}]`));
}

/** The list that {@link parseChildren} reads. Entries that were read are written as they were. */
export function childrenToCbor(children: readonly ChildEntry[]): CborValue {
  assertInstances('children', children, ChildEntry);
  return children.map((child) => child.cbor);
}

/**
 * Fetches, decrypts and reads the child list of one chunk of a directory. `crypto` is the engine or a pool. Errors of
 * `FragmentedPaddedCipherText.open` and {@link parseChildren}.
 */
export async function openChildren(
  crypto: SecretboxOpener,
  node: CryptreeNode,
  rBaseKey: SymmetricKey,
  reader: FragmentReader,
): Promise<readonly ChildEntry[]> {
  assertInstance('node', node, CryptreeNode);
  return parseChildren(await node.data.open(crypto, rBaseKey, reader));
}
