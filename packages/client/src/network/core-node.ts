import type { OpLog, PaymentProperties, SpaceRequest, UserPublicKeyLink, UserSnapshot } from '@pyrgos/core/accounts';
import type { Cid } from '@pyrgos/core/codec';
import type { BatWithId, ProofOfWork, PublicKeyHash, Signer } from '@pyrgos/core/keys';

/** Accepted, or the proof of work must reach this difficulty; 256 means that no proof helps (chapter 02 section 8.1). */
export type ChainUpdateResult = { readonly accepted: true } | { readonly accepted: false; readonly difficulty: number };

/** The same for paid accounts: what to pay, or the difficulty. */
export type PaidResult =
  | { readonly accepted: true; readonly payment: PaymentProperties }
  | { readonly accepted: false; readonly difficulty: number };

/** What a migration tells the server that shall be the new home (chapter 05 section 23). */
export interface Migration {
  readonly username: string;
  /** The chain whose last claim names the new home. */
  readonly links: readonly UserPublicKeyLink[];
  /** The id of the server that is home now. */
  readonly currentServer: Cid;
  /** The mirror BAT, if the account has one. */
  readonly bat?: BatWithId | undefined;
  /** Link counts after this moment are copied, seconds since the epoch. */
  readonly since: bigint;
  /** Bytes in use now. */
  readonly usage: number;
  readonly commitToPki: boolean;
}

/** Names and accounts (chapter 02 section 8). Nothing that is read here is verified. */
export interface CoreNode {
  /** The identity of a user, or undefined when there is no such user. */
  getPublicKey(username: string, signal?: AbortSignal): Promise<PublicKeyHash | undefined>;
  /** The user who has or had an identity key. NotFoundError `not-found.user`. */
  getUsername(identity: PublicKeyHash, signal?: AbortSignal): Promise<string>;
  /** The claims of a user; empty when there is no such user. */
  getChain(username: string, signal?: AbortSignal): Promise<readonly UserPublicKeyLink[]>;
  /** All names that the server lists. Texts that are no usernames are left out. */
  usernames(signal?: AbortSignal): Promise<readonly string[]>;
  /**
   * Signs a user up. DeniedError `denied.signup` (names, tokens, closed servers), `denied.chain`; `conflict.exists` for a taken name.
   * A `network` error leaves open whether it happened.
   */
  signup(
    username: string,
    link: UserPublicKeyLink,
    log: OpLog,
    proof: ProofOfWork,
    token: string,
    signal?: AbortSignal,
  ): Promise<ChainUpdateResult>;
  /** Submits a new chain. DeniedError `denied.chain`. `token` is for new names and else empty. */
  updateChain(
    username: string,
    links: readonly UserPublicKeyLink[],
    proof: ProofOfWork,
    token: string,
    signal?: AbortSignal,
  ): Promise<ChainUpdateResult>;
  /** Reserves a name on a paid server. */
  startPaidSignup(username: string, link: UserPublicKeyLink, proof: ProofOfWork, signal?: AbortSignal): Promise<PaidResult>;
  /** Finishes a paid sign-up; `identity` signs the request. The answer may hold a payment error. */
  completePaidSignup(
    username: string,
    link: UserPublicKeyLink,
    log: OpLog,
    proof: ProofOfWork,
    request: SpaceRequest,
    identity: Signer,
    signal?: AbortSignal,
  ): Promise<PaymentProperties>;
  /** Makes the server a mirror of an account. DeniedError `denied.request` without space. */
  mirror(username: string, bat: BatWithId, proof: ProofOfWork, identity: Signer, signal?: AbortSignal): Promise<boolean>;
  /** Starts a paid mirror. */
  startPaidMirror(username: string, proof: ProofOfWork, identity: Signer, signal?: AbortSignal): Promise<PaidResult>;
  /** Finishes a paid mirror; `identity` signs the request. */
  completePaidMirror(
    username: string,
    bat: BatWithId,
    proof: ProofOfWork,
    request: SpaceRequest,
    identity: Signer,
    signal?: AbortSignal,
  ): Promise<PaymentProperties>;
  /**
   * The next at most 10 accounts after the name `cursor`, for the holder of the server's instance BAT; link counts since `since`, seconds
   * since the epoch.
   */
  getUserSnapshots(cursor: string, instanceBat: BatWithId, since: bigint, signal?: AbortSignal): Promise<readonly UserSnapshot[]>;
  /** Asks this server to become the home of an account; the answer is what it took over. */
  migrateUser(migration: Migration, signal?: AbortSignal): Promise<UserSnapshot>;
}
