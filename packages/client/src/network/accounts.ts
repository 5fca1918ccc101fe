import type { BackupCodes, LoginData, LoginResponse, MultiFactorAuthMethod, MultiFactorAuthResponse, TotpKey } from '@pyrgos/core/accounts';
import type { Signer, SigningKeyPair } from '@pyrgos/core/keys';

/** A log-in (chapter 02 section 10, chapter 05 section 7). */
export interface LoginCall {
  readonly username: string;
  /** The login key, derived from the password: it signs the time. */
  readonly loginKey: SigningKeyPair;
  /** The answer to the request for a second factor. Backup codes are burned by it, so this call is never repeated. */
  readonly mfa?: MultiFactorAuthResponse | undefined;
  /** The kinds of factors that the program can ask for (`MfaType`); default: all. */
  readonly factorTypes?: readonly number[] | undefined;
}

/** Login data and second factors (chapter 02 section 10). Calls with an `identity` are signed by the account's identity key. */
export interface Accounts {
  /**
   * Replaces the login data, and with an identity update inside also the identity (a password change). `onThisServer` writes to a server
   * that is not the home. False when the identity update lost a race.
   */
  setLogin(
    data: LoginData,
    identity: Signer,
    options?: { readonly onThisServer?: boolean | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<boolean>;
  /**
   * The encrypted entry points, or a request for a second factor. DeniedError `denied.login`: wrong username or password, wrong code (`data.reason`
   * tells: `password`, `code`, `factor`, `home`, `subscription`); `denied.stale` when the clocks differ.
   */
  getLogin(call: LoginCall, signal?: AbortSignal): Promise<LoginResponse>;
  /** The factors of the account. */
  listMfa(username: string, identity: Signer, signal?: AbortSignal): Promise<readonly MultiFactorAuthMethod[]>;
  /** Begins to add a TOTP factor; it counts after {@link Accounts.enableTotp}. */
  addTotp(username: string, identity: Signer, signal?: AbortSignal): Promise<TotpKey>;
  /** Confirms a TOTP factor by a code. DeniedError `denied.login` for a wrong one. */
  enableTotp(username: string, credentialId: Uint8Array, code: string, identity: Signer, signal?: AbortSignal): Promise<boolean>;
  /** Begins to add a factor for a mount; `name` has at most 32 characters. */
  addMount(username: string, name: string, identity: Signer, signal?: AbortSignal): Promise<TotpKey>;
  /** Confirms a factor for a mount. */
  enableMount(username: string, credentialId: Uint8Array, code: string, identity: Signer, signal?: AbortSignal): Promise<boolean>;
  /** A new set of backup codes, which replaces the old one. */
  genBackupCodes(username: string, identity: Signer, signal?: AbortSignal): Promise<BackupCodes>;
  /** The 32-byte challenge for a new security key. */
  registerWebauthnStart(username: string, identity: Signer, signal?: AbortSignal): Promise<Uint8Array>;
  /** Adds a security key under a name of at most 32 characters. */
  registerWebauthnComplete(
    username: string,
    keyName: string,
    response: MultiFactorAuthResponse,
    identity: Signer,
    signal?: AbortSignal,
  ): Promise<boolean>;
  /** Removes a factor. */
  deleteMfa(username: string, credentialId: Uint8Array, identity: Signer, signal?: AbortSignal): Promise<boolean>;
}
