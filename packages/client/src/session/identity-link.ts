import { equalBytes, utf8Encode } from '@pyrgos/core/bytes';
import { CborFields, cborMap, type CborValue, decodeBase58, decodeCbor, encodeBase58, encodeCbor, type ToCbor } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, DeniedError, FormatError } from '@pyrgos/core/errors';
import { MAX_POST_LENGTH } from '@pyrgos/core/limits';
import { type PublicSigningKey, type SecretSigningKey, SIGNATURE_SIZE, signDetached, verifyDetached } from '@pyrgos/core/keys';
import { IdentityService } from './identity-service.js';

/** What a URL in a post counts (chapter 05 section 20). */
const URL_LENGTH = 23;
/** Longest post that is looked at: the URL is longer than it counts. */
const MAX_PARSED_LENGTH = 4096;

/** One account on one service. */
export interface ServiceAccount {
  readonly username: string;
  readonly service: IdentityService;
}

/** The claim that two accounts on two services belong to one person (chapter 05 section 20). Immutable. */
export class IdentityLink implements ToCbor {
  private constructor(
    /** The account whose key signs. */
    readonly from: ServiceAccount,
    /** The account that posts the proof. */
    readonly to: ServiceAccount,
  ) {}

  /** Builds a claim. ArgumentError when a name cannot exist on its service. */
  static of(from: ServiceAccount, to: ServiceAccount): IdentityLink {
    return new IdentityLink(checkedAccount('from', from), checkedAccount('to', to));
  }

  /** Reads the map `{"ua", "sa", "ub", "sb"}`. FormatError when a name cannot exist on its service. */
  static fromCbor(value: CborValue, where = 'IdentityLink'): IdentityLink {
    const fields = CborFields.map('format.account', where, value);
    const account = (name: 'a' | 'b'): ServiceAccount => {
      const service = IdentityService.fromCbor(fields.map(`s${name}`), fields.path(`s${name}`));
      const username = fields.text(`u${name}`);
      return service.isUsername(username) ? { username, service } : fields.fail(`u${name}`, 'is no name on this service');
    };
    return new IdentityLink(account('a'), account('b'));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): IdentityLink {
    return IdentityLink.fromCbor(decodeCbor(bytes));
  }

  /** The 64-byte signature by the identity key of {@link IdentityLink.from}. */
  sign(crypto: CryptoProvider, identity: SecretSigningKey): Uint8Array {
    return signDetached(crypto, identity, this.encode());
  }

  /** Whether `signature` is one over this claim by the identity key of {@link IdentityLink.from}. */
  isSignedBy(crypto: CryptoProvider, identity: PublicSigningKey, signature: Uint8Array): boolean {
    return verifyDetached(crypto, identity, signature, this.encode());
  }

  /** The first line of the post. */
  get statement(): string {
    const { from, to } = this;
    return `I am ${from.username} on ${from.service.name} and ${to.username} on ${to.service.name}`;
  }

  /**
   * The three lines that the user posts on the other service. DeniedError `denied.proof` when they are more than a post may have, the
   * URL counted as 23 characters.
   */
  postText(signature: Uint8Array, url: string): string {
    if (typeof url !== 'string' || /\s/.test(url)) throw new ArgumentError('url', 'must be a URL');
    const text = `${this.statement}\nsig: ${encodeBase58(signature)}\nproof: `;
    if (text.length + URL_LENGTH > MAX_POST_LENGTH) {
      throw new DeniedError('denied.proof', 'The names are too long for a post.', { length: text.length + URL_LENGTH });
    }
    return text + url;
  }

  /** Value equality. */
  equals(other: IdentityLink | undefined): boolean {
    return other instanceof IdentityLink && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"ua", "sa", "ub", "sb"}`. */
  toCbor(): CborValue {
    const { from, to } = this;
    return cborMap([
      ['sa', from.service.toCbor()],
      ['sb', to.service.toCbor()],
      ['ua', from.username],
      ['ub', to.username],
    ]);
  }

  /** The CBOR bytes: what is signed. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** What a post says; nothing of it is verified. */
export interface ParsedPost {
  readonly link: IdentityLink;
  readonly signature: Uint8Array;
}

/** Reads a post as {@link IdentityLink.postText} makes it. FormatError `format.account`. */
export function parseIdentityPost(text: string): ParsedPost {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  const fail = (problem: string, cause?: unknown): never => {
    throw new FormatError('format.account', 'identity post', problem, cause === undefined ? {} : { cause });
  };
  if (text.length > MAX_PARSED_LENGTH) return fail('is too long');
  const [first = ''] = text.split('\n', 1);
  const words = first.split(' ');
  const [i, am, fromName, on, fromService, and, toName, on2, toService] = words;
  if (words.length !== 9 || i !== 'I' || am !== 'am' || on !== 'on' || and !== 'and' || on2 !== 'on') return fail('does not state a link');
  const start = text.indexOf('\nsig: ');
  const end = text.indexOf('\n', start + 1);
  if (start < 0 || end < 0) return fail('has no signature');
  try {
    const link = IdentityLink.of(
      { username: fromName ?? '', service: IdentityService.of(fromService ?? '') },
      { username: toName ?? '', service: IdentityService.of(toService ?? '') },
    );
    const signature = decodeBase58(text.slice(start + '\nsig: '.length, end));
    return signature.length === SIGNATURE_SIZE ? { link, signature } : fail('has a signature of a wrong length');
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof FormatError) return fail('names an account that cannot exist', error);
    throw error;
  }
}

function checkedAccount(field: string, account: ServiceAccount): ServiceAccount {
  const { username, service } = account ?? {};
  if (!(service instanceof IdentityService)) throw new ArgumentError(`${field}.service`, 'must be an IdentityService');
  if (!service.isUsername(username)) throw new ArgumentError(`${field}.username`, 'is no name on this service');
  utf8Encode(username);
  return { username, service };
}
