import { assertInstance } from '@pyrgos/core/arguments';
import { assertBytes, concatBytes, copyBytes, equalBytes, isWellFormed } from '@pyrgos/core/bytes';
import { CborFields, cborMap, type CborValue, decodeBase58, decodeCbor, encodeBase58, encodeCbor, type ToCbor } from '@pyrgos/core/codec';
import { CipherText } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, DeniedError, FormatError } from '@pyrgos/core/errors';
import { MAX_POST_LENGTH } from '@pyrgos/core/limits';
import { type PublicSigningKey, type SecretSigningKey, Secret, SIGNATURE_SIZE, SymmetricKey } from '@pyrgos/core/keys';
import { IdentityLink } from './identity-link.js';

/** The mime type of the file with a proof (chapter 05 section 20). */
export const IDENTITY_PROOF_MIME_TYPE = 'application/vnd.peergos-identity-proof';
/** What the file starts with: the number of the format. */
const FORMAT_NUMBER = 24;
const MAX_URL_LENGTH = 4096;

/** What an {@link IdentityLinkProof} may have besides the claim. */
export interface IdentityLinkProofParts {
  /** With it the post is encrypted: only who has the file can read the claim. */
  readonly key?: SymmetricKey | undefined;
  /** Where the user has posted the text. The user's word, and a peer's: show it, do not fetch it. */
  readonly postUrl?: string | undefined;
}

/** A signed {@link IdentityLink} as it is published in a file (chapter 05 section 20). May hold a key, so it prints redacted. Immutable. */
export class IdentityLinkProof extends Secret implements ToCbor {
  protected readonly secretKind: string = 'IdentityLinkProof';

  private constructor(
    readonly link: IdentityLink,
    /** 64 bytes; never modify them. */
    readonly signature: Uint8Array,
    readonly key: SymmetricKey | undefined,
    readonly postUrl: string | undefined,
  ) {
    super();
  }

  /** Signs a claim with the identity key of the account it is about. */
  static sign(
    crypto: CryptoProvider,
    identity: SecretSigningKey,
    link: IdentityLink,
    parts: IdentityLinkProofParts = {},
  ): IdentityLinkProof {
    if (!(link instanceof IdentityLink)) throw new ArgumentError('link', 'must be an IdentityLink');
    return new IdentityLinkProof(link, link.sign(crypto, identity), undefined, undefined).with(parts);
  }

  /** A copy with another key or URL. */
  with({ key = this.key, postUrl = this.postUrl }: IdentityLinkProofParts): IdentityLinkProof {
    if (key !== undefined && !(key instanceof SymmetricKey)) throw new ArgumentError('key', 'must be a SymmetricKey');
    if (postUrl !== undefined && !isUrlText(postUrl)) throw new ArgumentError('postUrl', 'must be a URL');
    return new IdentityLinkProof(this.link, this.signature, key, postUrl);
  }

  /** Reads the list `[24, {"c", "s", "k"?, "bu"?}]`. Nothing is verified. */
  static fromCbor(value: CborValue, where = 'IdentityLinkProof'): IdentityLinkProof {
    const list = CborFields.list('format.account', where, value, 2);
    if (list.integer(0) !== FORMAT_NUMBER) return list.fail(0, 'is no identity proof');
    const fields = CborFields.map('format.account', list.path(1), list.map(1));
    const key = fields.optionalList('k');
    const postUrl = fields.optionalText('bu');
    if (postUrl !== undefined && !isUrlText(postUrl)) return fields.fail('bu', 'must be a URL');
    return new IdentityLinkProof(
      IdentityLink.fromCbor(fields.map('c'), fields.path('c')),
      copyBytes(fields.bytes('s', SIGNATURE_SIZE)),
      key === undefined ? undefined : SymmetricKey.fromCbor(key, fields.path('k')),
      postUrl,
    );
  }

  /** Reads the bytes of the file; anything after the item is an error. */
  static decode(bytes: Uint8Array): IdentityLinkProof {
    return IdentityLinkProof.fromCbor(decodeCbor(bytes));
  }

  /**
   * Requires that `identity`, which the caller has looked up for the user in the claim and pinned, signed exactly this claim. DeniedError
   * `denied.proof`. That the other account is the user's, too, is for people to see: they compare the post.
   */
  verify(crypto: CryptoProvider, identity: PublicSigningKey): void {
    if (this.link.isSignedBy(crypto, identity, this.signature)) return;
    throw new DeniedError('denied.proof', 'The signature of the identity proof is not valid.');
  }

  /** The name of the file. */
  get fileName(): string {
    return `${this.link.to.username}.${this.link.to.service.name}.id.cbor`;
  }

  /** Where the file belongs: `/<user>/.profile/ids/<file>`. ArgumentError when a name in it has a slash. */
  get path(): string {
    const { username } = this.link.from;
    if (`${username}${this.fileName}`.includes('/')) throw new ArgumentError('link', 'must have names without a slash');
    return `/${username}/.profile/ids/${this.fileName}`;
  }

  /**
   * The text to post: the open one with a URL, or, when there is a key, base58 that only the key opens. DeniedError `denied.proof` when
   * it is too long for a post.
   */
  postText(crypto: CryptoProvider, url: string): string {
    if (this.key === undefined) return this.link.postText(this.signature, url);
    const text = encodeBase58(CipherText.seal(crypto, this.key, concatBytes(this.signature, this.link.encode())).encode());
    if (text.length < MAX_POST_LENGTH) return text;
    throw new DeniedError('denied.proof', 'The names are too long for a post.', { length: text.length });
  }

  /** Value equality. */
  equals(other: IdentityLinkProof | undefined): boolean {
    return other instanceof IdentityLinkProof && equalBytes(this.encode(), other.encode());
  }

  /** The list `[24, {"c", "s", "k"?, "bu"?}]`. */
  toCbor(): CborValue {
    return [
      FORMAT_NUMBER,
      cborMap([
        ['c', this.link.toCbor()],
        ['k', this.key?.toCbor()],
        ['s', this.signature],
        ['bu', this.postUrl],
      ]),
    ];
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The address of a published proof on a server (chapter 05 section 20); on this machine's own server the public one is named. */
export function publicProofUrl(server: string, proof: IdentityLinkProof): string {
  assertInstance('proof', proof, IdentityLinkProof);
  const path = proof.path.split('/').map(encodeURIComponent).join('/');
  return `${publicServer(server)}/public${path}?open=true`;
}

/** The address of a proof behind a secret link: `link` is the link without the server. It contains a secret. */
export function secretProofUrl(server: string, link: string): string {
  if (typeof link !== 'string') throw new ArgumentError('link', 'must be a string');
  return `${publicServer(server)}/#%7B%22secretLink%22:true%2c%22link%22:%22${encodeURI(link)}%22%2c%22open%22:true%7D`;
}

/** Reads an encrypted post. CryptoError `crypto.authentication` for another key, FormatError. Nothing is verified. */
export function openEncryptedPost(
  crypto: CryptoProvider,
  key: SymmetricKey,
  text: string,
): { readonly link: IdentityLink; readonly signature: Uint8Array } {
  if (typeof text !== 'string' || text.length > MAX_POST_LENGTH) {
    throw new FormatError('format.account', 'identity post', 'is too long');
  }
  const plain = CipherText.decode(decodeBase58(text)).open(crypto, key);
  if (!(plain instanceof Uint8Array) || plain.length <= SIGNATURE_SIZE) {
    throw new FormatError('format.account', 'identity post', 'holds no signed claim');
  }
  assertBytes('plain', plain);
  return { signature: copyBytes(plain.subarray(0, SIGNATURE_SIZE)), link: IdentityLink.decode(plain.subarray(SIGNATURE_SIZE)) };
}

/** A private server cannot be reached by who reads the post. */
function publicServer(server: string): string {
  if (typeof server !== 'string' || !URL.canParse(server)) throw new ArgumentError('server', 'must be a URL');
  const { hostname, origin } = new URL(server);
  const isLocal = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  return isLocal ? 'https://peergos.net' : origin;
}

function isUrlText(text: unknown): text is string {
  return typeof text === 'string' && text.length > 0 && text.length <= MAX_URL_LENGTH && isWellFormed(text) && !/\s/.test(text);
}
