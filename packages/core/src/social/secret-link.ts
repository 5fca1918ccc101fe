import { assertInstance, assertString } from '../arguments.js';
import { isWellFormed } from '../bytes.js';
import { CipherText } from '../containers/cipher-text.js';
import type { ComputationOptions, CryptoProvider, RandomSource } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { ArgumentError, PyrgosError } from '../errors.js';
import { hashToKeyBytes } from '../keys/kdf.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { Secret } from '../keys/secret.js';
import { ScryptSecretGeneration } from '../keys/secret-generation-algorithm.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_LINK_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH } from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { EncryptedCapability } from '../model/secret-links.js';
import { assertLinkText, badLink, formatLinkView, type LinkView, splitFragment } from './link-fragment.js';
import { assertLinkLabel, MAX_LINK_LABEL } from '../model/link-label.js';

const WHAT = 'secret link';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const NEW_PASSWORD_LENGTH = 12;
const NEW_LABEL_SIZE = 4;
/** The path of a link, alone or as part of a URL. */
const PATH = /^(?:https?:\/\/[^/\s]+\/|\/)?secret\/([^/]+)\/([^/]+)$/u;
const LABEL = /^[1-9][0-9]{0,18}$/u;

/** A link that was read, and what a page does with its target. */
export interface ParsedSecretLink {
  readonly link: SecretLink;
  readonly view: LinkView;
}

/** A link to a stored, encrypted capability and the password that opens it (chapter 06 section 11.1). A secret. Immutable. */
export class SecretLink extends Secret {
  protected readonly secretKind: string = 'SecretLink';

  readonly #password: string;

  private constructor(
    /** The identity whose server stores the capability. */
    readonly owner: PublicKeyHash,
    /** 1 to 2^63 - 1; names the capability among those of the owner. */
    readonly label: bigint,
    password: string,
  ) {
    super();
    this.#password = password;
  }

  /** The password in the link, which is never sent to a server. */
  get password(): string {
    return this.#password;
  }

  /** Puts a link together. */
  static of(owner: PublicKeyHash, label: bigint, password: string): SecretLink {
    assertInstance('owner', owner, PublicKeyHash);
    assertLinkLabel('label', label);
    if (!isLinkPassword(password)) {
      throw new ArgumentError('password', `must be 1 to ${MAX_LINK_PASSWORD_LENGTH} characters without ? and #`);
    }
    return new SecretLink(owner, label, password);
  }

  /** A link with a fresh label of 32 bits and a fresh password of 12 letters and digits. Draws the label first. */
  static generate(random: RandomSource, owner: PublicKeyHash): SecretLink {
    return SecretLink.of(owner, generateLabel(random), generatePassword(random));
  }

  /**
   * Reads a link: `secret/<owner>/<label>#<password>`, with a leading `/` or as a whole URL, and the forms of the fragment that pages know.
   * FormatError `format.link`, which never shows the text. LimitError beyond MAX_LINK_TEXT_LENGTH.
   */
  static parse(text: string): ParsedSecretLink {
    assertLinkText('text', text);
    const mark = text.indexOf('#');
    const path = PATH.exec(mark < 0 ? text : text.slice(0, mark));
    if (path === null) throw badLink(WHAT, 'must have the form secret/<owner>/<label>#<password>');
    const [, owner = '', label = ''] = path;
    if (mark < 0) throw badLink(WHAT, 'has no password');
    const { secret, view } = splitFragment(WHAT, text.slice(mark + 1), 'linkpassword');
    if (!isLinkPassword(secret)) throw badLink(`${WHAT}, password`, 'cannot be used');
    return { link: new SecretLink(parseOwner(owner), parseLabel(label), secret), view };
  }

  /** The text of the link, `secret/<owner>/<label>#<password>` and what pages are to do. */
  format(view: Partial<LinkView> = {}): string {
    return `secret/${this.owner.toString()}/${this.label}#${this.#password}${formatLinkView(view)}`;
  }

  /** The link as a URL. `host` is a name with or without a port, as servers give it; only `localhost` with a port is reached without TLS. */
  url(host: string, view: Partial<LinkView> = {}): string {
    assertString('host', host);
    if (!/^[^/\s?#@\\]+$/u.test(host)) throw new ArgumentError('host', 'must be the name of a host');
    return `${host.startsWith('localhost:') ? 'http' : 'https'}://${host}/${this.format(view)}`;
  }

  /** Value equality. */
  equals(other: SecretLink | undefined): boolean {
    return (
      other instanceof SecretLink && this.owner.equals(other.owner) && this.label === other.label && this.#password === other.#password
    );
  }

  /**
   * Encrypts a capability under the password of the link and that of the user (section 11.2); an empty one is none. Takes as long as scrypt
   * with N = 2^15. AbortedError when cancelled.
   */
  async seal(
    crypto: CryptoProvider,
    capability: AbsoluteCapability,
    userPassword = '',
    options: ComputationOptions = {},
  ): Promise<EncryptedCapability> {
    assertInstance('capability', capability, AbsoluteCapability);
    const key = await this.deriveKey(crypto, userPassword, options);
    return EncryptedCapability.of(CipherText.seal(crypto, key, capability.toCbor()), userPassword !== '');
  }

  /**
   * Opens what {@link SecretLink.seal} made. The user's password counts only where one is needed, see `EncryptedCapability.hasPassword`.
   * CryptoError `crypto.authentication` for a wrong password; FormatError.
   */
  async open(
    crypto: CryptoProvider,
    sealed: EncryptedCapability,
    userPassword = '',
    options: ComputationOptions = {},
  ): Promise<AbsoluteCapability> {
    assertInstance('sealed', sealed, EncryptedCapability);
    // Before the costly part.
    const { cipherText } = sealed;
    checkUserPassword(userPassword);
    const key = await this.deriveKey(crypto, sealed.hasPassword ? userPassword : '', options);
    return AbsoluteCapability.fromCbor(cipherText.open(crypto, key));
  }

  private async deriveKey(crypto: CryptoProvider, userPassword: string, options: ComputationOptions): Promise<SymmetricKey> {
    checkUserPassword(userPassword);
    const algorithm = ScryptSecretGeneration.of({ logN: 15, length: 32 });
    return SymmetricKey.of(await hashToKeyBytes(crypto, String(this.label), this.#password + userPassword, algorithm, options));
  }
}

function generateLabel(random: RandomSource): bigint {
  for (;;) {
    const bytes = drawRandomBytes(random, NEW_LABEL_SIZE);
    const label = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (label !== 0) return BigInt(label);
  }
}

function generatePassword(random: RandomSource): string {
  const bound = 256 - (256 % ALPHABET.length);
  let password = '';
  while (password.length < NEW_PASSWORD_LENGTH) {
    const [byte = bound] = drawRandomBytes(random, 1);
    // What is above would make the first letters likelier than the others.
    if (byte < bound) password += ALPHABET.charAt(byte % ALPHABET.length);
  }
  return password;
}

function isLinkPassword(password: unknown): password is string {
  return (
    typeof password === 'string' &&
    password !== '' &&
    password.length <= MAX_LINK_PASSWORD_LENGTH &&
    !/[?#]/u.test(password) &&
    !/^(?:\{|%7b)/iu.test(password) &&
    isWellFormed(password)
  );
}

function checkUserPassword(password: unknown): void {
  if (typeof password !== 'string' || password.length > MAX_PASSWORD_LENGTH || !isWellFormed(password)) {
    throw new ArgumentError('userPassword', `must be text of at most ${MAX_PASSWORD_LENGTH} characters`, {
      reason: 'password-length',
      limit: MAX_PASSWORD_LENGTH,
    });
  }
}

function parseOwner(text: string): PublicKeyHash {
  try {
    return PublicKeyHash.parse(text);
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    throw badLink(`${WHAT}, owner`, 'cannot be read');
  }
}

function parseLabel(text: string): bigint {
  const label = LABEL.test(text) ? BigInt(text) : 0n;
  if (label < 1n || label > MAX_LINK_LABEL) throw badLink(`${WHAT}, label`, 'must be from 1 to 2^63 - 1');
  return label;
}
