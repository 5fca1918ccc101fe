import { assertMethods } from '@pyrgos/core/arguments';
import type { BackupCodes, MultiFactorAuthMethod } from '@pyrgos/core/accounts';
import { assertBytes } from '@pyrgos/core/bytes';
import { ArgumentError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_MFA_CODE_LENGTH, MAX_MFA_NAME_LENGTH } from '@pyrgos/core/limits';
import { type Account, contextOf } from './account.js';
import { type CallOptions, checkedOptions } from './call-options.js';
import { forgetInTurn } from './login-turns.js';
import { NewFactor, NewTotp } from './new-factor.js';
import { isAnswerLost } from './online-state.js';
import { registerSecurityKey, type SecurityKeys } from './security-key.js';
import { totpCode } from './totp.js';

/**
 * The second factors of an account (chapter 05 sections 6 and 15). The server decides and checks; its refusals are DeniedErrors
 * `denied.login` with its text.
 */
export class SecondFactors {
  /** The factors of `account`, which must be logged in. */
  constructor(private readonly account: Account) {
    contextOf(account);
  }

  /** The factors that are in use, mounts and what is left of backup codes included. */
  async list(options: CallOptions = {}): Promise<readonly MultiFactorAuthMethod[]> {
    const { signal } = checkedOptions(options);
    return this.accounts.listMfa(this.username, this.identity, signal);
  }

  /** Starts to set up an authenticator app. One that was set up before stays in use until the new one is enabled. */
  async addTotp(options: CallOptions = {}): Promise<NewTotp> {
    const { signal } = checkedOptions(options);
    const key = await this.accounts.addTotp(this.username, this.identity, signal);
    return new NewTotp(key, this.username);
  }

  /** Enables an authenticator app with a code that it shows, in the place of any other one. Sessions stored on this device end. */
  async enableTotp(credentialId: Uint8Array, code: string, options: CallOptions = {}): Promise<void> {
    const { signal } = checkedOptions(options);
    const digits = checkedCode(code);
    assertBytes('credentialId', credentialId);
    await this.enabling(async () => this.accounts.enableTotp(this.username, credentialId, digits, this.identity, signal));
  }

  /**
   * Registers a security key and enables it at once. `name` is for the user, at most 32 characters. Sessions stored on this device end.
   * FormatError or LimitError for an authenticator that does not keep to the rules; what the browser throws when the user does not want to.
   */
  async addSecurityKey(name: string, keys: SecurityKeys, options: CallOptions = {}): Promise<void> {
    const { signal } = checkedOptions(options);
    checkName(name);
    assertMethods('keys', keys, 'create', 'sign');
    const challenge = await this.accounts.registerWebauthnStart(this.username, this.identity, signal);
    const response = await registerSecurityKey(keys, challenge, this.username, signal);
    await this.enabling(async () => this.accounts.registerWebauthnComplete(this.username, name, response, this.identity, signal));
  }

  /** Ten new backup codes in the place of the old ones. Show them once, with `formatBackupCode`. Needs an app or a security key. */
  async generateBackupCodes(options: CallOptions = {}): Promise<BackupCodes> {
    const { signal } = checkedOptions(options);
    return this.accounts.genBackupCodes(this.username, this.identity, signal);
  }

  /**
   * Gives a program that logs in by itself a factor of its own, and enables it (section 15.7). It never makes people answer anything; the
   * program keeps `credentialId` and `key` and answers with {@link answerAsMount}; {@link list} tells whether the factor is still there.
   */
  async addMount(name: string, options: CallOptions = {}): Promise<NewFactor> {
    const { signal } = checkedOptions(options);
    checkName(name);
    const key = await this.accounts.addMount(this.username, name, this.identity, signal);
    const code = await totpCode(key.key, Math.floor(this.account.clock.now() / 1000));
    const isEnabled = await this.accounts.enableMount(this.username, key.credentialId, code, this.identity, signal);
    if (!isEnabled) throw notEnabled();
    return new NewFactor(key);
  }

  /** Deletes a factor; fine when there is none with this id. With the last app or security key the backup codes go, too. */
  async delete(credentialId: Uint8Array, options: CallOptions = {}): Promise<void> {
    const { signal } = checkedOptions(options);
    assertBytes('credentialId', credentialId);
    await this.accounts.deleteMfa(this.username, credentialId, this.identity, signal);
  }

  /**
   * Whatever could open the account on this device without the new factor is deleted when the factor is enabled (section 15.8), and when it
   * may have been, because the answer was lost. A refusal changes nothing.
   */
  private async enabling(call: () => Promise<boolean>): Promise<void> {
    let isEnabled: boolean;
    try {
      isEnabled = await call();
    } catch (error) {
      // What it says is more important than what the device could not delete.
      if (isAnswerLost(error) || (error instanceof PyrgosError && error.code === 'aborted')) await this.forget().catch(() => undefined);
      throw error;
    }
    if (!isEnabled) throw notEnabled();
    try {
      await this.forget();
    } catch (error) {
      throw stillKept(error);
    }
  }

  private async forget(): Promise<void> {
    await forgetInTurn(this.account.store, this.username);
  }

  private get accounts(): Account['network']['accounts'] {
    return this.account.network.accounts;
  }

  private get username(): string {
    return this.account.username;
  }

  private get identity(): Account['identity'] {
    return this.account.identity;
  }
}

/** The second factors of an account. */
export function secondFactors(account: Account): SecondFactors {
  return new SecondFactors(account);
}

/** The factor counts from now on, but this device can still do without it. */
function stillKept(cause: unknown): PyrgosError {
  return new PyrgosError(
    'storage',
    'The second factor is enabled. But what this device keeps to open the account could not be deleted: log out on it, or delete its folder.',
    { data: { isEnabled: true }, retry: 'never', cause },
  );
}

function checkName(name: string): void {
  if (typeof name !== 'string' || name === '') throw new ArgumentError('name', 'must be text');
  if (name.length > MAX_MFA_NAME_LENGTH) throw new LimitError('name of a second factor', name.length, MAX_MFA_NAME_LENGTH);
}

function checkedCode(code: string): string {
  if (typeof code !== 'string' || code.length > MAX_MFA_CODE_LENGTH) throw new ArgumentError('code', 'must be a code');
  return code.replaceAll(/\s/g, '');
}

function notEnabled(): PyrgosError {
  return new PyrgosError('denied.login', 'The server has not enabled the second factor.');
}
