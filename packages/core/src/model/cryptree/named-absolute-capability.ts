import { assertInstance } from '../../arguments.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { type CborMap, cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { Secret } from '../../keys/secret.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { type ChildFacts, checkedFacts, equalFacts, factEntries, readFacts, UNKNOWN_MIME_TYPE } from './child-facts.js';

/** An {@link AbsoluteCapability} and what to show of its target (chapter 04 section 3.4). A secret. Immutable. */
export class NamedAbsoluteCapability extends Secret implements ToCbor {
  protected readonly secretKind: string = 'NamedAbsoluteCapability';

  private constructor(
    readonly capability: AbsoluteCapability,
    private readonly facts: ChildFacts,
  ) {
    super();
  }

  /** Pairs a capability with a name; the creation time is cut to whole seconds. */
  static of(capability: AbsoluteCapability, facts: ChildFacts): NamedAbsoluteCapability {
    assertInstance('capability', capability, AbsoluteCapability);
    return new NamedAbsoluteCapability(capability, checkedFacts(facts));
  }

  /** Reads the map of an AbsoluteCapability with `"c"?, "d"?, "n", "t"?`. FormatError for a name that is not legal. */
  static fromCbor(value: CborValue, where = 'NamedAbsoluteCapability'): NamedAbsoluteCapability {
    const facts = readFacts(CborFields.map('format.cryptree', where, value));
    return new NamedAbsoluteCapability(AbsoluteCapability.fromCbor(value, where), facts);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): NamedAbsoluteCapability {
    return NamedAbsoluteCapability.fromCbor(decodeCbor(bytes));
  }

  /** The name of the target; legal, see `assertLegalName`. */
  get name(): string {
    return this.facts.name;
  }

  /** Whether the target is said to be a directory; false when nothing is said. */
  get isDirectory(): boolean {
    return this.facts.isDirectory ?? false;
  }

  /** The type of the target, `application/octet-stream` when nothing is said; empty for directories. */
  get mimeType(): string {
    return this.facts.mimeType ?? UNKNOWN_MIME_TYPE;
  }

  /** When the target was created, in whole seconds; undefined when nothing is said. */
  get created(): ChildFacts['created'] {
    return this.facts.created;
  }

  /** Value equality. */
  equals(other: NamedAbsoluteCapability | undefined): boolean {
    return other instanceof NamedAbsoluteCapability && this.capability.equals(other.capability) && equalFacts(this.facts, other.facts);
  }

  /** The map. */
  toCbor(): CborValue {
    return cborMap([...(this.capability.toCbor() as CborMap), ...factEntries(this.facts)]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
