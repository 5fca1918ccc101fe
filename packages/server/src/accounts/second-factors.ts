import {
  BackupCodes,
  formatTotpKey,
  MFA_CHALLENGE_SIZE,
  MfaType,
  MultiFactorAuthMethod,
  MultiFactorAuthRequest,
  type MultiFactorAuthResponse,
  TOTP_KEY_SIZE,
  WebauthnResponse,
} from '@pyrgos/core/accounts';
import { equalBytes, isWellFormed, toHex } from '@pyrgos/core/bytes';
import type { Hasher, RandomSource } from '@pyrgos/core/crypto';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_MFA_NAME_LENGTH } from '@pyrgos/core/limits';
import { MAX_FACTORS } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { BackupCodeHashes } from './backup-code-hashes.js';
import { ChallengeTable } from './challenge-table.js';
import { type FactorRow, FactorTable } from './factor-table.js';
import { isTotpCode } from './totp.js';
import { type RelyingParty, verifyAssertion, verifyRegistration } from './webauthn/ceremony.js';
import { WebauthnVerifier } from './webauthn/webauthn-verifier.js';

/** What {@link SecondFactors} is built from. */
export interface SecondFactorsOptions {
  readonly db: SqlDatabase;
  readonly hasher: Hasher;
  readonly random: RandomSource;
  readonly clock: Clock;
  readonly party: RelyingParty;
}

const MILLISECONDS_PER_DAY = 86_400_000;
/** Factor types that a client understands when it does not say so (chapter 05 section 6). */
const DEFAULT_TYPES: readonly number[] = [MfaType.totp, MfaType.webauthn];

function refuse(text: string): never {
  throw new DeniedError('denied.login', text);
}

/** Factors that a set of backup codes may stand in for, and that make a log-in need a second factor (chapter 05 section 8 step 3). */
function isPrimary({ type, enabled }: FactorRow): boolean {
  return enabled && type !== MfaType.backupCodes && type !== MfaType.mount;
}

/** What owners and log-ins get to see: no factor that was never enabled, no used-up set of codes (chapter 05 sections 15.3, 15.4). */
function isListed({ type, enabled, name }: FactorRow): boolean {
  return enabled && !(type === MfaType.backupCodes && name === '0');
}

function methodOf({ name, credentialId, createdDay, type, enabled }: FactorRow): MultiFactorAuthMethod {
  return MultiFactorAuthMethod.of({ name, credentialId, createdDay, type, enabled });
}

function assertName(name: string): void {
  // Control characters have no business in a name, and NUL cannot be stored.
  if (name.length <= MAX_MFA_NAME_LENGTH && isWellFormed(name) && !/\p{Cc}/u.test(name)) return;
  refuse(`The name of a second factor can have at most ${MAX_MFA_NAME_LENGTH} characters, and no control characters.`);
}

/**
 * The second factors of the users (chapter 05 section 15). Authentication of the caller is the caller's business: the identity key for
 * everything that changes factors, the login key for {@link SecondFactors.ask} and {@link SecondFactors.check}. Every change is durable when the call
 * resolves. Errors are DeniedError `denied.login` or PyrgosError `limit` with the protocol's texts.
 */
export class SecondFactors {
  private readonly factors: FactorTable;
  private readonly challenges: ChallengeTable;
  private readonly attempts: AttemptLimiter;

  constructor(private readonly options: SecondFactorsOptions) {
    this.factors = new FactorTable(options.db);
    this.challenges = new ChallengeTable(options.db);
    this.attempts = new AttemptLimiter(options.clock, this.factors);
  }

  /** The usable factors, in order of creation. */
  list(username: string): MultiFactorAuthMethod[] {
    return this.factors.list(username).filter(isListed).map(methodOf);
  }

  /** Whether a log-in needs a second factor (chapter 05 section 8 step 3). */
  isRequired(username: string): boolean {
    return this.factors.list(username).some(isPrimary);
  }

  /**
   * The question for a second factor (chapter 05 section 8 step 4): the factors that can answer it and a fresh challenge. `types`: what
   * the client can present; undefined means TOTP and WebAuthn.
   */
  ask(username: string, types: readonly number[] = DEFAULT_TYPES): MultiFactorAuthRequest {
    const listed = this.factors.list(username).filter(isListed);
    const offered = listed.filter(({ type }) => type !== MfaType.mount && types.includes(type));
    const challenge = this.options.random.randomBytes(MFA_CHALLENGE_SIZE);
    // Only security keys answer it; the form of the question wants one anyhow.
    if (offered.some(({ type }) => type === MfaType.webauthn)) {
      this.challenges.add(username, 'login', challenge, this.options.clock.now());
    }
    return MultiFactorAuthRequest.of(offered.map(methodOf), challenge);
  }

  /** Checks the answer to {@link ask}; a backup code is burned, a challenge used up, a counter stored (chapter 05 section 15.5). */
  async check(username: string, { credentialId, response }: MultiFactorAuthResponse): Promise<void> {
    const factor = this.factors.find(username, credentialId);
    // A factor that was never enabled proves nothing. The reference accepts its codes.
    if (factor === undefined || !factor.enabled) return refuse(`Unknown credential id for user ${username}`);
    const mustLast = response instanceof WebauthnResponse ? this.checkAssertion(factor, response) : this.checkCode(factor, response);
    if (mustLast) await this.options.db.durable();
  }

  /** Starts a new TOTP key (chapter 05 section 15.3); returns the TotpKey text. */
  async addTotp(username: string): Promise<string> {
    return this.addKey(username, MfaType.totp, '');
  }

  /** Enables a TOTP key that shows the right code, in place of all others of the user. */
  async enableTotp(username: string, credentialId: Uint8Array, code: string): Promise<boolean> {
    return this.enableKey(username, credentialId, code, MfaType.totp, 'Not a TOTP credential!');
  }

  /** Starts a mount factor (chapter 05 section 15.7); returns the TotpKey text. */
  async addMount(username: string, name: string): Promise<string> {
    assertName(name);
    return this.addKey(username, MfaType.mount, name);
  }

  /** Enables a mount factor that shows the right code. */
  async enableMount(username: string, credentialId: Uint8Array, code: string): Promise<boolean> {
    return this.enableKey(username, credentialId, code, MfaType.mount, 'Not a mount credential!');
  }

  /** Makes a new set of backup codes, in place of older ones (chapter 05 section 15.4). */
  async generateBackupCodes(username: string): Promise<BackupCodes> {
    const { db, hasher, random } = this.options;
    const codes = BackupCodes.generate(random);
    db.transaction(() => {
      if (!this.isRequired(username)) refuse('Please set up an authenticator app or security key before generating backup codes.');
      this.factors.deleteType(username, MfaType.backupCodes);
      const hashes = BackupCodeHashes.ofCodes(hasher, codes.codes);
      this.insert(username, MfaType.backupCodes, String(hashes.remaining), codes.credentialId, true, hashes.encode());
    });
    await db.durable();
    return codes;
  }

  /** The challenge for the registration of a security key (chapter 05 section 15.6). */
  startWebauthn(username: string): Uint8Array {
    this.assertRoomForSecurityKey(username);
    const challenge = this.options.random.randomBytes(MFA_CHALLENGE_SIZE);
    this.challenges.add(username, 'register', challenge, this.options.clock.now());
    return challenge;
  }

  /** Registers a security key, enabled at once. */
  async completeWebauthn(username: string, name: string, { credentialId, response }: MultiFactorAuthResponse): Promise<boolean> {
    assertName(name);
    if (!(response instanceof WebauthnResponse)) return refuse('Not a webauthn credential!');
    const { verifier, credential } = verifyRegistration(response, this.options.party, (challenge) =>
      this.challenges.redeem(username, 'register', challenge, this.options.clock.now()),
    );
    // The browser takes both from the same credential. An id that does not match could never be used.
    if (!equalBytes(credential.credentialId, credentialId)) return refuse('Invalid security key response: the credential ids differ');
    this.options.db.transaction(() => {
      this.assertRoomForSecurityKey(username);
      this.insert(username, MfaType.webauthn, name, credentialId, true, verifier.encode());
    });
    await this.options.db.durable();
    return true;
  }

  /** Deletes a factor of any kind, and backup codes that have nothing left to stand in for (chapter 05 section 15.8). */
  async delete(username: string, credentialId: Uint8Array): Promise<boolean> {
    this.options.db.transaction(() => {
      this.factors.delete(username, credentialId);
      if (!this.isRequired(username)) this.factors.deleteType(username, MfaType.backupCodes);
    });
    await this.options.db.durable();
    return true;
  }

  /** Deletes everything of a user. Durable. */
  async remove(username: string): Promise<void> {
    this.options.db.transaction(() => {
      this.factors.deleteAll(username);
      this.challenges.deleteAll(username);
    });
    await this.options.db.durable();
  }

  private insert(username: string, type: number, name: string, credentialId: Uint8Array, enabled: boolean, value: Uint8Array): void {
    const createdDay = Math.floor(this.options.clock.now() / MILLISECONDS_PER_DAY);
    const isNew = this.factors.insert({ username, type, name, credentialId, enabled, createdDay, value });
    if (!isNew) refuse('This security key is registered already.');
  }

  private async addKey(username: string, type: number, name: string): Promise<string> {
    const { db, random } = this.options;
    const [credentialId, key] = [random.randomBytes(TOTP_KEY_SIZE), random.randomBytes(TOTP_KEY_SIZE)];
    db.transaction(() => {
      this.factors.deleteDisabled(username, type);
      if (this.factors.list(username).length >= MAX_FACTORS) tooMany();
      this.insert(username, type, name, credentialId, false, key);
    });
    await db.durable();
    return formatTotpKey(credentialId, key);
  }

  /** No limit on wrong codes here: who holds the identity key was told the key of the factor. */
  private async enableKey(username: string, credentialId: Uint8Array, code: string, type: number, wrongType: string): Promise<boolean> {
    const { db, clock } = this.options;
    const factor = this.factors.find(username, credentialId) ?? refuse(`Unknown credential id for user ${username}`);
    if (factor.type !== type) return refuse(wrongType);
    if (!isTotpCode(factor.value, code, clock.now())) return wrongCode(factor);
    db.transaction(() => {
      this.factors.enable(username, credentialId);
      if (type === MfaType.totp) this.factors.deleteEnabledExcept(username, type, credentialId);
    });
    await db.durable();
    return true;
  }

  private assertRoomForSecurityKey(username: string): void {
    if (this.list(username).length > MAX_FACTORS) tooMany();
  }

  /** Whether something was written that must survive a crash. */
  private checkCode(factor: FactorRow, code: string): boolean {
    const { username, credentialId, type } = factor;
    const isBackupCode = type === MfaType.backupCodes;
    if (!isBackupCode && type !== MfaType.totp && type !== MfaType.mount) refuse('Not a code based credential!');
    this.attempts.take(username, credentialId);
    try {
      if (isBackupCode) this.redeemBackupCode(factor, code);
      else if (!isTotpCode(factor.value, code, this.options.clock.now())) wrongCode(factor);
    } catch (error) {
      this.attempts.blame(username, credentialId);
      throw error;
    }
    this.attempts.forgive(username, credentialId);
    return isBackupCode;
  }

  /** Of two redemptions of one code one finds the value changed, and then not the code (chapter 05 section 15.4). */
  private redeemBackupCode(factor: FactorRow, code: string): void {
    let row: FactorRow | undefined = factor;
    for (let attempt = 0; attempt < 2 && row !== undefined; attempt++) {
      const left = BackupCodeHashes.decode(row.value).without(this.options.hasher, code);
      if (left === undefined) break;
      if (this.factors.replaceValue(row, left.encode(), String(left.remaining))) return;
      row = this.factors.find(factor.username, factor.credentialId);
    }
    refuse(`Invalid backup code for credId ${toHex(factor.credentialId)}`);
  }

  /** Whether something was written that must survive a crash: a counter. A challenge may come back. */
  private checkAssertion(factor: FactorRow, response: WebauthnResponse): boolean {
    const { username, type, name } = factor;
    if (type !== MfaType.webauthn) refuse('Not a webauthn credential!');
    const before = WebauthnVerifier.decode(factor.value);
    const after = verifyAssertion(response, before, this.options.party, (challenge) =>
      this.challenges.redeem(username, 'login', challenge, this.options.clock.now()),
    );
    if (after === before) return false;
    if (!this.factors.replaceValue(factor, after.encode(), name)) refuse('Invalid security key response: it was used at the same time');
    return true;
  }
}

function wrongCode({ credentialId }: FactorRow): never {
  return refuse(`Invalid TOTP code for credId ${toHex(credentialId)}`);
}

function tooMany(): never {
  throw new PyrgosError('limit', 'Too many multi factor auth methods. Please delete some.');
}
