import {
  BackupCodes,
  decodeMfaMethods,
  type LoginData,
  LoginResponse,
  MFA_CHALLENGE_SIZE,
  MfaType,
  type MultiFactorAuthMethod,
  type MultiFactorAuthResponse,
  parseTotpKey,
  type TotpKey,
} from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import { FormatError } from '@pyrgos/core/errors';
import { type Signer, signDetached } from '@pyrgos/core/keys';
import type { Accounts, LoginCall } from '../accounts.js';
import { readBooleanByte, readCborBoolean, readText } from './answers.js';
import type { Caller } from './caller.js';
import { type Endpoint, endpoints } from './endpoints.js';
import { formatQuery } from './query.js';
import type { RequestSigner } from './request-signer.js';

/** Characters of a TotpKey text. */
const TOTP_KEY_LENGTH = 105;
const ALL_FACTORS: readonly number[] = [MfaType.totp, MfaType.webauthn, MfaType.backupCodes, MfaType.mount];

type Parameters = readonly (readonly [name: string, value: string | undefined])[];

/** Login data and second factors over HTTP (chapter 02 section 10). */
export class HttpAccounts implements Accounts {
  constructor(
    private readonly caller: Caller,
    private readonly signer: RequestSigner,
  ) {}

  async setLogin(
    data: LoginData,
    identity: Signer,
    options: { readonly onThisServer?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    const body = data.encode();
    const query = formatQuery([
      ['username', data.username],
      ['auth', toHex(signDetached(this.signer.crypto, identity.secretKey, body))],
      ['local', String(options.onThisServer === true)],
    ]);
    const endpoint = data.identityUpdate === undefined ? endpoints.setLogin : endpoints.changeLogin;
    return readBooleanByte('setLogin', await this.caller.call(endpoint, { query, body: [body] }, options.signal));
  }

  async getLogin(call: LoginCall, signal?: AbortSignal): Promise<LoginResponse> {
    const { username, loginKey, mfa, factorTypes = ALL_FACTORS } = call;
    const parts = (): { readonly query: string } => ({
      query: formatQuery([
        ['username', username],
        ['author', toHex(loginKey.publicKey.encode())],
        ['auth', this.signer.timeParameter(loginKey.secretKey)],
        ['proxy', 'false'],
        ['mfaTypes', factorTypes.join(',')],
        ['mfa', mfa === undefined ? undefined : toHex(mfa.encode())],
      ]),
    });
    const endpoint = mfa === undefined ? endpoints.getLogin : endpoints.getLoginWithFactor;
    return LoginResponse.decode(await this.caller.call(endpoint, parts, signal));
  }

  async listMfa(username: string, identity: Signer, signal?: AbortSignal): Promise<readonly MultiFactorAuthMethod[]> {
    return decodeMfaMethods(await this.send(endpoints.listMfa, username, identity, [], signal));
  }

  async addTotp(username: string, identity: Signer, signal?: AbortSignal): Promise<TotpKey> {
    return readTotpKey('addTotp', await this.send(endpoints.addTotp, username, identity, [], signal));
  }

  async enableTotp(username: string, credentialId: Uint8Array, code: string, identity: Signer, signal?: AbortSignal): Promise<boolean> {
    const parameters: Parameters = [
      ['credid', toHex(credentialId)],
      ['code', code],
    ];
    return readCborBoolean('enableTotp', await this.send(endpoints.enableTotp, username, identity, parameters, signal));
  }

  async addMount(username: string, name: string, identity: Signer, signal?: AbortSignal): Promise<TotpKey> {
    return readTotpKey('addMount', await this.send(endpoints.addMount, username, identity, [['name', name]], signal));
  }

  async enableMount(username: string, credentialId: Uint8Array, code: string, identity: Signer, signal?: AbortSignal): Promise<boolean> {
    const parameters: Parameters = [
      ['credid', toHex(credentialId)],
      ['code', code],
    ];
    return readCborBoolean('enableMount', await this.send(endpoints.enableMount, username, identity, parameters, signal));
  }

  async genBackupCodes(username: string, identity: Signer, signal?: AbortSignal): Promise<BackupCodes> {
    return BackupCodes.decode(await this.send(endpoints.genBackupCodes, username, identity, [], signal));
  }

  async registerWebauthnStart(username: string, identity: Signer, signal?: AbortSignal): Promise<Uint8Array> {
    const challenge = await this.send(endpoints.registerWebauthnStart, username, identity, [], signal);
    if (challenge.length !== MFA_CHALLENGE_SIZE) {
      throw new FormatError('format.request', 'registerWebauthnStart', `must be ${MFA_CHALLENGE_SIZE} bytes`);
    }
    return challenge;
  }

  async registerWebauthnComplete(
    username: string,
    keyName: string,
    response: MultiFactorAuthResponse,
    identity: Signer,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const endpoint = endpoints.registerWebauthnComplete;
    const answer = await this.send(endpoint, username, identity, [['keyname', keyName]], signal, response.encode());
    return readCborBoolean('registerWebauthnComplete', answer);
  }

  async deleteMfa(username: string, credentialId: Uint8Array, identity: Signer, signal?: AbortSignal): Promise<boolean> {
    const parameters: Parameters = [['credid', toHex(credentialId)]];
    return readCborBoolean('deleteMfa', await this.send(endpoints.deleteMfa, username, identity, parameters, signal));
  }

  /** A call that is signed with its own path. */
  private async send(
    endpoint: Endpoint,
    username: string,
    identity: Signer,
    parameters: Parameters,
    signal: AbortSignal | undefined,
    body?: Uint8Array,
  ): Promise<Uint8Array> {
    return this.caller.call(
      endpoint,
      () => ({
        query: formatQuery([['username', username], ...parameters, ['auth', this.signer.requestParameter(endpoint, identity.secretKey)]]),
        ...(body === undefined ? {} : { body: [body] }),
      }),
      signal,
    );
  }
}

function readTotpKey(where: string, bytes: Uint8Array): TotpKey {
  return parseTotpKey(readText(where, bytes, TOTP_KEY_LENGTH));
}
