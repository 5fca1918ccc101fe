import { assertBoolean, assertInstance, assertObject, assertString } from '@pyrgos/core/arguments';
import { ConflictError, NotFoundError } from '@pyrgos/core/errors';
import { SymmetricKey } from '@pyrgos/core/keys';
import { MAX_FRIEND_ANNOTATIONS_SIZE } from '@pyrgos/core/limits';
import type { FileEntry } from './files/file-entry.js';
import type { FileSystem } from './files/file-system.js';
import { contextOf } from './session/account.js';
import { checkedOptions } from './session/call-options.js';
import {
  type Account,
  type CallOptions,
  decodeFriendAnnotations,
  encodeFriendAnnotations,
  FriendAnnotation,
  IDENTITY_PROOF_MIME_TYPE,
  IdentityLink,
  IdentityLinkProof,
  IdentityService,
  keyStoreOf,
  type SafetyNumber,
  safetyNumberWith,
  verifyIdentityProof,
} from './session/index.js';

/** The safety number of the account and another user, and what is known of it. */
export interface CheckedSafetyNumber extends SafetyNumber {
  /** The other user. */
  readonly username: string;
  /**
   * `verified`: these keys were compared, see {@link Identities.setVerified}. `changed`: others were, so compare anew before you trust the
   * user with anything. `unverified`: none were.
   */
  readonly status: 'verified' | 'changed' | 'unverified';
}

/** An account on another service that the user says is theirs. */
export interface IdentityClaim {
  /** `Twitter`, `Github`, `Mastodon`, `Website` … in any case (chapter 05 section 20), or any other name. */
  readonly service: string;
  /** The name of the account there; of a website its domain. */
  readonly username: string;
  /** Whether what is posted there can be read only by who has the proof; default false. */
  readonly isEncrypted?: boolean | undefined;
}

/** Times that a list of verified users is changed on top of what other devices write. */
const ATTEMPTS = 6;

/**
 * Who other users are: their pinned keys, safety numbers, and proofs that accounts elsewhere belong to the same person (chapter 05 sections 18 to 20). The key of
 * a user is pinned when it is met for the first time; from then on only a change that the old key has signed is believed, whatever a server says.
 *
 * Errors of all calls: NotFoundError `not-found.user`; DeniedError `denied.chain` for a server that lies, `denied.session`; `network`; AbortedError.
 */
export class Identities {
  constructor(
    private readonly account: Account,
    private readonly files: FileSystem,
  ) {}

  /** The users whose keys are pinned, in no particular order. */
  async pinned(options: CallOptions = {}): Promise<string[]> {
    this.assertCall(options);
    return (await keyStoreOf(this.account)).usernames;
  }

  /**
   * The safety number that the account has with another user, whose keys are pinned from now on: `fingerprint.display` are 60 digits that are the same
   * on both sides, to be compared in person or by phone; `String(fingerprint)` is the text of a QR code, and `fingerprint.matches` compares it
   * with a scanned one (`FingerprintPair.parse`).
   */
  async safetyNumber(username: string, options: CallOptions = {}): Promise<CheckedSafetyNumber> {
    this.assertCall(options);
    assertString('username', username);
    const [number, { annotations }] = await Promise.all([safetyNumberWith(this.account, username, options), this.read(options)]);
    const known = annotations.get(username);
    if (known?.isVerified !== true) return { ...number, username, status: 'unverified' };
    return { ...number, username, status: known.isAbout(number.friend) ? 'verified' : 'changed' };
  }

  /** Notes that people have compared a safety number, or with `false` that it counts no more; for all devices, and for other clients. */
  async setVerified(number: Omit<CheckedSafetyNumber, 'status'>, isVerified = true, options: CallOptions = {}): Promise<void> {
    this.assertCall(options);
    assertObject('number', number);
    assertObject('number.friend', number.friend);
    const { username, friend } = number;
    const annotation = FriendAnnotation.of(username, isVerified, friend);
    for (let attempt = 1; ; attempt++) {
      const { annotations, version } = await this.read(options);
      annotations.set(username, annotation);
      const content = encodeFriendAnnotations([...annotations.values()]);
      const { signal } = options;
      try {
        const how = version === undefined ? ({ onExisting: 'error' } as const) : { ifVersion: version };
        await this.files.write(this.annotationsPath, content, { ...how, signal, isHidden: true });
        return;
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= ATTEMPTS) throw error;
        this.files.refresh();
      }
    }
  }

  /** The users whose safety number was compared; whether their keys are still those {@link Identities.safetyNumber} tells. */
  async verifiedUsers(options: CallOptions = {}): Promise<string[]> {
    this.assertCall(options);
    const { annotations } = await this.read(options);
    return [...annotations.values()].filter(({ isVerified }) => isVerified).map(({ username }) => username);
  }

  /**
   * Signs that an account on another service belongs to this user. Nothing is sent: the user posts `proof.postText(…)` there, and
   * {@link Identities.saveProof} keeps the proof. ArgumentError for a name that cannot exist there.
   */
  async signProof(claim: IdentityClaim): Promise<IdentityLinkProof> {
    const { crypto, identity, username } = this.account;
    this.assertCall({});
    assertObject('claim', claim);
    const { isEncrypted = false } = claim;
    assertBoolean('claim.isEncrypted', isEncrypted);
    const to = { username: claim.username, service: IdentityService.of(claim.service) };
    const link = IdentityLink.of({ username, service: IdentityService.peergos }, to);
    return IdentityLinkProof.sign(crypto, identity.secretKey, link, isEncrypted ? { key: SymmetricKey.generate(crypto) } : {});
  }

  /**
   * Keeps a proof where clients look for it, `/<user>/.profile/ids`, in place of an earlier one about the same account: once more with
   * `proof.with({ postUrl })` when it was posted. Nobody else can read the file before it is shared or published.
   */
  async saveProof(proof: IdentityLinkProof, options: CallOptions = {}): Promise<FileEntry> {
    this.assertCall(options);
    assertInstance('proof', proof, IdentityLinkProof);
    const { signal } = options;
    const profile = `${this.files.homePath}/.profile`;
    if ((await this.files.find(profile, { signal })) === undefined) {
      await this.files.makeDirectory(profile, { parents: true, isHidden: true, signal });
    }
    const path = `${profile}/ids/${proof.fileName}`;
    const { entry } = await this.files.write(path, proof.encode(), { parents: true, mimeType: IDENTITY_PROOF_MIME_TYPE, signal });
    return entry;
  }

  /**
   * Requires that the user of this network whom a proof is about has signed it; `IdentityLinkProof.decode` reads one from the bytes of its
   * file. DeniedError `denied.proof`. Whether the account on the other service is the same person's is for people to see: they compare the post there.
   */
  async verifyProof(proof: IdentityLinkProof, options: CallOptions = {}): Promise<void> {
    await verifyIdentityProof(this.account, proof, options);
  }

  private get annotationsPath(): string {
    return `${this.files.homePath}/.annotations`;
  }

  private assertCall(options: CallOptions): void {
    checkedOptions(options);
    contextOf(this.account).gate.assertOpen();
  }

  private async read({
    signal,
  }: CallOptions): Promise<{ readonly annotations: Map<string, FriendAnnotation>; readonly version: string | undefined }> {
    try {
      const { version } = await this.files.stat(this.annotationsPath, { signal });
      const reader = await this.files.open(this.annotationsPath, { signal });
      const bytes = await reader.read(0, Math.min(reader.size, MAX_FRIEND_ANNOTATIONS_SIZE + 1), { signal });
      return { annotations: decodeFriendAnnotations(bytes), version };
    } catch (error) {
      if (!(error instanceof NotFoundError) || error.code !== 'not-found.file') throw error;
      return { annotations: new Map(), version: undefined };
    }
  }
}
