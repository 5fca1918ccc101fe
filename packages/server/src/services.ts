import type {
  AllowedSignups,
  BackupCodes,
  BlindFollowRequest,
  LabelledSignedSpaceRequest,
  LinkCounts,
  LoginData,
  LoginResponse,
  MultiFactorAuthMethod,
  MultiFactorAuthResponse,
  OpLog,
  PaymentProperties,
  ServerMessage,
  UserPublicKeyLink,
} from '@pyrgos/core/accounts';
import type { BlockStoreProperties, WatchAnswer, WatchRequest } from '@pyrgos/core/api';
import type { Cid } from '@pyrgos/core/codec';
import type { Bat, BatWithId, ProofOfWork, PublicKeyHash, PublicSigningKey } from '@pyrgos/core/keys';
import type { ChunkMirrorCap, EncryptedCapability } from '@pyrgos/core/model';
import type { BlockStore, PointerStore } from '@pyrgos/core/store';
import type { ServerIds } from './ports/server-ids.js';

/**
 * What the HTTP routes call, area by area. Services authenticate: `auth` is the raw bytes of the signed time or signed request of
 * chapter 02 section 3, and each method checks it against its own path. Every error is a PyrgosError whose message is the text that
 * goes to the client (chapter 02 section 2.4).
 */
export interface ServerServices {
  readonly ids: ServerIds;
  readonly blocks: BlockService;
  readonly pointers: PointerStore;
  readonly links: SecretLinkService;
  readonly bats: BatService;
  readonly core: CoreService;
  readonly accounts: AccountService;
  readonly social: SocialService;
  readonly space: SpaceService;
  readonly admin: AdminService;
  readonly messages: MessageService;
  readonly publicFiles: PublicFileService;
  readonly ipns: IpnsService;
  readonly watches: WatchService;
}

/** `/api/v0/` blocks and transactions (chapter 02 section 5). `lookUpChamp` is always there. */
export interface BlockService extends BlockStore {
  /**
   * The block, or undefined when it is absent. Identity CIDs are decoded. `memory` may give memory of at least that size for the block,
   * which then is a view of it. DeniedError `denied.block` with `Unauthorised!`.
   */
  readBlock(
    owner: PublicKeyHash,
    cid: Cid,
    bat?: BatWithId,
    memory?: (size: number) => Uint8Array | undefined,
  ): Promise<Uint8Array | undefined>;
  /** DeniedError `denied.block` for a writer of nobody here, whose upload need not even be received. */
  assertKnownWriter(owner: PublicKeyHash, writer: PublicKeyHash): Promise<void>;
  /** One `block/put/bulk` (section 5.4), CIDs computed here; one CID per block in order. `raw`: codec of all blocks. */
  putBulk(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    blocks: readonly Uint8Array[],
    signatures: readonly Uint8Array[],
    raw: boolean,
    transaction: string,
  ): Promise<readonly Cid[]>;
  /** Size in bytes, 0 when absent. Without an owner any user's block is meant. */
  sizeOf(cid: Cid, owner: PublicKeyHash | undefined): Promise<number>;
  /** The blocks touched by a CHAMP look-up (section 5.7). What exceeds `maxBytes` in all is left out. */
  champGet(owner: PublicKeyHash, root: Cid, caps: readonly ChunkMirrorCap[], maxBytes?: number): Promise<readonly Uint8Array[]>;
  /** Direct access to the store: nothing of it here. */
  properties(): BlockStoreProperties;
}

/** Secret links (chapter 02 sections 5.8 and 5.9, chapter 08 section 12). */
export interface SecretLinkService {
  get(owner: PublicKeyHash, label: bigint): Promise<EncryptedCapability>;
  /** `after` in epoch seconds. `bat` must be the user's current mirror BAT, else DeniedError `Unauthorized!`. */
  counts(username: string, after: bigint, bat: BatWithId): Promise<LinkCounts>;
}

/** Mirror BATs (chapter 02 section 6). */
export interface BatService {
  list(username: string, auth: Uint8Array): Promise<readonly BatWithId[]>;
  add(username: string, id: Cid, bat: Bat, auth: Uint8Array): Promise<void>;
}

/** Accepted, or the proof of work must reach this difficulty. */
export type ChainUpdateResult = { readonly accepted: true } | { readonly accepted: false; readonly difficulty: number };

/** `/peergos/v0/core/` (chapter 02 section 8, chapter 05 sections 12 and 17). */
export interface CoreService {
  getPublicKey(username: string): Promise<PublicKeyHash | undefined>;
  /** NotFoundError with `Unknown identity key: <hash>`. */
  getUsername(identity: PublicKeyHash): Promise<string>;
  getChain(username: string): Promise<readonly UserPublicKeyLink[]>;
  usernames(): Promise<readonly string[]>;
  signup(username: string, link: UserPublicKeyLink, log: OpLog, proof: ProofOfWork, token: string): Promise<ChainUpdateResult>;
  updateChain(username: string, links: readonly UserPublicKeyLink[], proof: ProofOfWork, token: string): Promise<ChainUpdateResult>;
  /** No paid sign-up here: always difficulty 256 (chapter 02 section 20.3). */
  startPaidSignup(username: string, link: UserPublicKeyLink, proof: ProofOfWork): Promise<ChainUpdateResult>;
}

/** `/peergos/v0/login/` (chapter 02 section 10, chapter 05 sections 7, 8 and 15). */
export interface AccountService {
  setLogin(data: LoginData, auth: Uint8Array, forceLocal: boolean): Promise<boolean>;
  /** `mfaTypes`: the factor types the client can present; undefined means 1 and 2. */
  getLogin(request: {
    readonly username: string;
    readonly author: PublicSigningKey;
    readonly auth: Uint8Array;
    readonly proxy: boolean;
    readonly mfaTypes: readonly number[] | undefined;
    readonly mfa: MultiFactorAuthResponse | undefined;
  }): Promise<LoginResponse>;
  listMfa(username: string, auth: Uint8Array): Promise<readonly MultiFactorAuthMethod[]>;
  /** The TotpKey text. */
  addTotp(username: string, auth: Uint8Array): Promise<string>;
  enableTotp(username: string, credentialId: Uint8Array, code: string, auth: Uint8Array): Promise<boolean>;
  addMount(username: string, name: string, auth: Uint8Array): Promise<string>;
  enableMount(username: string, credentialId: Uint8Array, code: string, auth: Uint8Array): Promise<boolean>;
  genBackupCodes(username: string, auth: Uint8Array): Promise<BackupCodes>;
  /** The 32-byte challenge. */
  registerWebauthnStart(username: string, auth: Uint8Array): Promise<Uint8Array>;
  registerWebauthnComplete(username: string, keyName: string, response: MultiFactorAuthResponse, auth: Uint8Array): Promise<boolean>;
  deleteMfa(username: string, credentialId: Uint8Array, auth: Uint8Array): Promise<boolean>;
}

/** Follow requests (chapter 02 section 9). */
export interface SocialService {
  /**
   * False when the recipient has more than 100 pending ones. `client`: the address that asks, where it is known; PyrgosError `rate` when it has sent too many to this user.
   */
  sendFollowRequest(owner: PublicKeyHash, request: BlindFollowRequest, client?: string): Promise<boolean>;
  getFollowRequests(owner: PublicKeyHash, auth: Uint8Array): Promise<readonly BlindFollowRequest[]>;
  /** `signed`: the exact stored bytes, signed by the owner. False for a bad signature. */
  removeFollowRequest(owner: PublicKeyHash, signed: Uint8Array): Promise<boolean>;
}

/** Usage, quota, space requests (chapter 02 section 11). */
export interface SpaceService {
  /** Bytes. With `local` pending uploads count too. */
  usage(owner: PublicKeyHash, auth: Uint8Array, local: boolean): Promise<number>;
  quota(owner: PublicKeyHash, auth: Uint8Array): Promise<number>;
  paymentProperties(owner: PublicKeyHash, newClientSecret: boolean, auth: Uint8Array): Promise<PaymentProperties>;
  requestSpace(owner: PublicKeyHash, signed: Uint8Array): Promise<PaymentProperties>;
}

/** Instance administration (chapter 02 section 12). */
export interface AdminService {
  version(): { readonly version: string; readonly source: string };
  signups(): Promise<AllowedSignups>;
  joinWaitList(email: string): Promise<boolean>;
  pending(admin: PublicKeyHash, instance: Cid, auth: Uint8Array): Promise<readonly LabelledSignedSpaceRequest[]>;
  approve(admin: PublicKeyHash, instance: Cid, signed: Uint8Array): Promise<boolean>;
}

/** Operator messages (chapter 02 section 13). */
export interface MessageService {
  retrieve(username: string, auth: Uint8Array): Promise<readonly ServerMessage[]>;
  send(username: string, signed: Uint8Array): Promise<void>;
}

/** `/public/<user>/<path>` (chapter 02 section 14.2). */
export interface PublicFileService {
  /** The capability link (`#owner/writer/mapKey/readKey`) of a published path. NotFoundError when nothing is published there. */
  capabilityLink(username: string, path: string): Promise<string>;
}

/** IPNS records (chapter 02 section 5.13). */
export interface IpnsService {
  /** Signature and data of the record of one of our ids; NotFoundError for any other id. */
  get(id: Cid): Promise<{ readonly signature: Uint8Array; readonly data: Uint8Array }>;
}

/** Waiting for changes (chapter 02 section 24; ours). */
export interface WatchService {
  /**
   * Resolves when something is not what the marks say, after the time that the request names, or when `signal` fires. Errors of
   * {@link SocialService.getFollowRequests} for the follow requests.
   */
  watch(request: WatchRequest, caller: WatchCaller): Promise<WatchAnswer>;
  /** Requests that wait. */
  readonly size: number;
  /** Answers all who wait; from now on nobody waits any more. */
  close(): void;
}

/** Who waits. */
export interface WatchCaller {
  /** The address that asks, where it is known. */
  readonly client: string | undefined;
  /** Fires when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}
