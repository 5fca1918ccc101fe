import type { UserStaticData } from '@pyrgos/core/accounts';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, DeniedError, PyrgosError } from '@pyrgos/core/errors';
import {
  type BatWithId,
  type BoxingKeyPair,
  BoxingKeyType,
  type PublicSigningKey,
  type ScryptSecretGeneration,
  Secret,
  type Signer,
  type SymmetricKey,
} from '@pyrgos/core/keys';
import type { AbsoluteCapability, EntryPoints } from '@pyrgos/core/model';
import type { Clock } from '../commit/index.js';
import type { Sessions } from '../files/view/index.js';
import type { Network } from '../network/index.js';
import type { ClientContext } from './client-context.js';
import type { LocalStore } from './local-store.js';
import { type Chain, lastLink } from './user-chain.js';

/** What opens an account again, and changes how it is opened. Only the session layer sees it. */
export interface AccountSecrets {
  /** Opens `sealed`. */
  readonly rootKey: SymmetricKey;
  /** The login key that may fetch `sealed` from the server; on a legacy account the identity key. */
  readonly loginKey: PublicSigningKey;
  readonly algorithm: ScryptSecretGeneration;
  readonly entryPoints: EntryPoints;
  /** The entry points as the server keeps them. */
  readonly sealed: UserStaticData;
}

/** The parts of an {@link Account}. */
export interface AccountParts {
  readonly context: ClientContext;
  readonly username: string;
  readonly chain: Chain;
  readonly identity: Signer;
  readonly boxing: BoxingKeyPair | undefined;
  readonly home: AbsoluteCapability;
  readonly homeWriter: Signer;
  readonly mirrorBat: BatWithId | undefined;
  readonly isLegacy: boolean;
  readonly isBoxingPublished: boolean;
  readonly secrets: AccountSecrets;
}

const contexts = new WeakMap<Account, ClientContext>();
const secrets = new WeakMap<Account, AccountSecrets>();

/**
 * A user who is logged in: the keys of the account, the way to its files, and the server it lives on. Comes from `signUp`, `logIn` or
 * `restoreSession`. A secret: it prints redacted. Immutable; what changes the keys of an account (a password change) gives a new one.
 */
export class Account extends Secret {
  protected readonly secretKind: string = 'Account';
  readonly username: string;
  /** The verified chain of the user; its last link names the identity and the home server. */
  readonly chain: Chain;
  /** Owns everything; signs requests and claims. */
  readonly identity: Signer;
  /** The writable capability of the home directory `/<username>`. */
  readonly home: AbsoluteCapability;
  /** Writes the home directory. */
  readonly homeWriter: Signer;
  /** Attached to every block, so that mirrors may read it; undefined when the account has none. */
  readonly mirrorBat: BatWithId | undefined;
  /** Whether the account has the old layout, with keys derived from the password (chapter 05 section 1.2). A password change ends it. */
  readonly isLegacy: boolean;
  /**
   * Whether the public boxing key that others use is the one of this account. If not, a server may have given out old login data, or an
   * upgrade of the key was cut off; follow requests cannot be read then.
   */
  readonly isBoxingPublished: boolean;
  private readonly ownBoxing: BoxingKeyPair | undefined;
  private isClosed = false;

  /** @internal Accounts come from logging in. */
  constructor(parts: AccountParts) {
    super();
    this.username = parts.username;
    this.chain = parts.chain;
    this.identity = parts.identity;
    this.ownBoxing = parts.boxing;
    this.home = parts.home;
    this.homeWriter = parts.homeWriter;
    this.mirrorBat = parts.mirrorBat;
    this.isLegacy = parts.isLegacy;
    this.isBoxingPublished = parts.isBoxingPublished;
    contexts.set(this, parts.context);
    secrets.set(this, parts.secrets);
  }

  /** Receives follow requests. PyrgosError `unsupported` for an account without one: see {@link Account.hasBoxing}. */
  get boxing(): BoxingKeyPair {
    if (this.ownBoxing === undefined) throw new PyrgosError('unsupported', 'Nobody has the boxing key of this account.');
    return this.ownBoxing;
  }

  /** Whether the account has its boxing key; the account that owns the names of a network has not (chapter 05 section 1.2). */
  get hasBoxing(): boolean {
    return this.ownBoxing !== undefined;
  }

  /** The server. */
  get network(): Network {
    return contextOf(this).network;
  }

  /** Where the account's data, and that of others, is read and written. */
  get sessions(): Sessions {
    return contextOf(this).sessions;
  }

  /** The crypto engine. */
  get crypto(): CryptoProvider {
    return contextOf(this).crypto;
  }

  /** The clock that signed requests use. */
  get clock(): Clock {
    return contextOf(this).clock;
  }

  /** What the client keeps on this device, if anything. */
  get store(): LocalStore | undefined {
    return contextOf(this).store;
  }

  /** Whether the boxing key resists quantum computers. */
  get isPostQuantum(): boolean {
    return this.ownBoxing?.publicKey.type === BoxingKeyType.hybrid;
  }

  /** When the claim of the username runs out, `YYYY-MM-DD`; it stays valid, but should be renewed. */
  get claimExpiry(): string {
    return lastLink(this.chain).claim.expiry;
  }

  /** Whether {@link Account.close} was called. */
  get closed(): boolean {
    return this.isClosed;
  }

  /**
   * Ends the work with the account: from now on every call that needs the server, or reads what is at hand, is refused with DeniedError
   * `denied.session`. Operations under way end so at their next request; a change that the server has got already is made. Nothing is sent.
   */
  close(): void {
    this.isClosed = true;
    contextOf(this).gate.close();
    secrets.delete(this);
  }
}

/** What an account works with. */
export function contextOf(account: Account): ClientContext {
  const context = contexts.get(account);
  if (context === undefined) throw new ArgumentError('account', 'must be an Account');
  return context;
}

/** The secrets of an account. DeniedError `denied.session` when it is closed. */
export function secretsOf(account: Account): AccountSecrets {
  contextOf(account).gate.assertOpen();
  const found = secrets.get(account);
  if (found === undefined) throw new DeniedError('denied.session', 'This session is closed. Log in again.');
  return found;
}
