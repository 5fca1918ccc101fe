import { assertBoolean, assertObject, assertOptionalInstance } from '../arguments.js';
import { optionalBoundedText, boundedText, assertText } from '../accounts/bounded-fields.js';
import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { Secret } from '../keys/secret.js';
import { MAX_LINK_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH } from '../limits.js';
import { assertLinkLabel, MAX_LINK_LABEL } from '../model/link-label.js';
import { socialMap } from './social-fields.js';

/** The parts of {@link LinkProperties}. */
export interface LinkPropertiesParts {
  /** 1 to 2^63 - 1. */
  readonly label: bigint;
  /** The password in the link. */
  readonly linkPassword: string;
  /** The one that people have to know in addition; empty when there is none. */
  readonly userPassword?: string | undefined;
  readonly isWritable: boolean;
  /** Unix time in seconds after which the link is dead. */
  readonly expiry?: number | undefined;
  /** Most retrievals. */
  readonly maxRetrievals?: number | undefined;
  /** The CID of the stored target: what the next change expects to find. Missing in records of one other client. */
  readonly target?: Cid | undefined;
  /** Whether whoever follows the link sees the file opened at once. */
  readonly opensAutomatically?: boolean | undefined;
}

/** What an owner notes of a secret link of a file (chapter 06 section 8.4). A secret. Immutable. */
export class LinkProperties extends Secret implements ToCbor {
  protected readonly secretKind: string = 'LinkProperties';

  readonly #linkPassword: string;
  readonly #userPassword: string;

  private constructor(
    readonly label: bigint,
    linkPassword: string,
    userPassword: string,
    readonly isWritable: boolean,
    readonly expiry: number | undefined,
    readonly maxRetrievals: number | undefined,
    readonly target: Cid | undefined,
    readonly opensAutomatically: boolean,
  ) {
    super();
    this.#linkPassword = linkPassword;
    this.#userPassword = userPassword;
  }

  /** The password in the link. */
  get linkPassword(): string {
    return this.#linkPassword;
  }

  /** The password that people have to know in addition, or the empty text. */
  get userPassword(): string {
    return this.#userPassword;
  }

  /** Builds the properties. */
  static of(parts: LinkPropertiesParts): LinkProperties {
    assertObject('parts', parts);
    const { label, linkPassword, userPassword = '', isWritable, expiry, maxRetrievals, target, opensAutomatically = false } = parts;
    assertLinkLabel('label', label);
    assertText('linkPassword', linkPassword, MAX_LINK_PASSWORD_LENGTH);
    assertText('userPassword', userPassword, MAX_PASSWORD_LENGTH);
    assertBoolean('isWritable', isWritable);
    if (expiry !== undefined) assertInteger('expiry', expiry, 0, Number.MAX_SAFE_INTEGER);
    if (maxRetrievals !== undefined) assertInteger('maxRetrievals', maxRetrievals, 0, Number.MAX_SAFE_INTEGER);
    assertOptionalInstance('target', target, Cid);
    assertBoolean('opensAutomatically', opensAutomatically);
    return new LinkProperties(label, linkPassword, userPassword, isWritable, expiry, maxRetrievals, target, opensAutomatically);
  }

  /** Reads the map `{"e"?, "h"?, "l", "m"?, "o"?, "p", "u", "w"}`. */
  static fromCbor(value: CborValue, where = 'LinkProperties'): LinkProperties {
    const fields = socialMap(where, value);
    const label = fields.bigInt('l');
    if (label < 1n || label > MAX_LINK_LABEL) return fields.fail('l', 'must be positive');
    return new LinkProperties(
      label,
      boundedText(fields, 'p', MAX_LINK_PASSWORD_LENGTH),
      optionalBoundedText(fields, 'u', MAX_PASSWORD_LENGTH) ?? '',
      fields.boolean('w'),
      fields.optionalInteger('e', 0),
      fields.optionalInteger('m', 0),
      fields.optionalLink('h'),
      fields.boolean('o', false),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): LinkProperties {
    return LinkProperties.fromCbor(decodeCbor(bytes));
  }

  /** The same with other parts. Label, link password and kind stay, so that the link stays valid (section 11.3). */
  with(changes: Partial<Omit<LinkPropertiesParts, 'label' | 'linkPassword' | 'isWritable'>>): LinkProperties {
    assertObject('changes', changes);
    const { label, linkPassword, userPassword, isWritable, expiry, maxRetrievals, target, opensAutomatically } = this;
    const present = { userPassword, expiry, maxRetrievals, target, opensAutomatically };
    return LinkProperties.of({ ...present, ...changes, label, linkPassword, isWritable });
  }

  /** Value equality. */
  equals(other: LinkProperties | undefined): boolean {
    return (
      other instanceof LinkProperties &&
      this.label === other.label &&
      this.linkPassword === other.linkPassword &&
      this.userPassword === other.userPassword &&
      this.isWritable === other.isWritable &&
      this.expiry === other.expiry &&
      this.maxRetrievals === other.maxRetrievals &&
      (this.target === undefined ? other.target === undefined : other.target !== undefined && this.target.equals(other.target)) &&
      this.opensAutomatically === other.opensAutomatically
    );
  }

  /** The map `{"e"?, "h"?, "l", "m"?, "o", "p", "u", "w"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['e', this.expiry],
      ['h', this.target],
      ['l', this.label],
      ['m', this.maxRetrievals],
      ['o', this.opensAutomatically],
      ['p', this.linkPassword],
      ['u', this.userPassword],
      ['w', this.isWritable],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
