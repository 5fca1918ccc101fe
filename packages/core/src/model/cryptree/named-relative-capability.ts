import { assertInstance } from '../../arguments.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { Secret } from '../../keys/secret.js';
import type { AbsoluteCapability } from '../absolute-capability.js';
import { type ChildFacts, checkedFacts, equalFacts, factEntries, readFacts, UNKNOWN_MIME_TYPE } from './child-facts.js';
import { RelativeCapability } from './relative-capability.js';

/** How a directory lists a child: a {@link RelativeCapability} and what to show of it (chapter 04 section 3.4). A secret. Immutable. */
export class NamedRelativeCapability extends Secret implements ToCbor {
  protected readonly secretKind: string = 'NamedRelativeCapability';

  private constructor(
    readonly capability: RelativeCapability,
    private readonly facts: ChildFacts,
  ) {
    super();
  }

  /** Pairs a capability with a name; the creation time is cut to whole seconds. */
  static of(capability: RelativeCapability, facts: ChildFacts): NamedRelativeCapability {
    assertInstance('capability', capability, RelativeCapability);
    return new NamedRelativeCapability(capability, checkedFacts(facts));
  }

  /** Reads the map of a RelativeCapability with `"c"?, "d"?, "n", "t"?`. FormatError for a name that is not legal. */
  static fromCbor(value: CborValue, where = 'NamedRelativeCapability'): NamedRelativeCapability {
    const facts = readFacts(CborFields.map('format.cryptree', where, value));
    return new NamedRelativeCapability(RelativeCapability.fromCbor(value, where), facts);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): NamedRelativeCapability {
    return NamedRelativeCapability.fromCbor(decodeCbor(bytes));
  }

  /** The name in the directory; legal, see `assertLegalName`. */
  get name(): string {
    return this.facts.name;
  }

  /** Whether the directory says that the child is one; false when it says nothing. */
  get isDirectory(): boolean {
    return this.facts.isDirectory ?? false;
  }

  /** The type as the directory lists it, `application/octet-stream` when it lists none; empty for directories. */
  get mimeType(): string {
    return this.facts.mimeType ?? UNKNOWN_MIME_TYPE;
  }

  /** When the child was created, in whole seconds; undefined when the directory does not say. */
  get created(): ChildFacts['created'] {
    return this.facts.created;
  }

  /** The same target under another name. */
  withName(name: string): NamedRelativeCapability {
    return new NamedRelativeCapability(this.capability, checkedFacts({ ...this.facts, name }));
  }

  /** The target as seen from `source`; see {@link RelativeCapability.toAbsolute}. */
  toAbsolute(crypto: CryptoProvider, source: AbsoluteCapability): AbsoluteCapability {
    return this.capability.toAbsolute(crypto, source);
  }

  /** Value equality; the write key is compared in its encrypted form. */
  equals(other: NamedRelativeCapability | undefined): boolean {
    return other instanceof NamedRelativeCapability && this.capability.equals(other.capability) && equalFacts(this.facts, other.facts);
  }

  /** The map. */
  toCbor(): CborValue {
    return cborMap([...this.capability.toCbor(), ...factEntries(this.facts)]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
