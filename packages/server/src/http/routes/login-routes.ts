import { LoginData, MultiFactorAuthResponse } from '@pyrgos/core/accounts';
import { FormatError } from '@pyrgos/core/errors';
import { PublicSigningKey } from '@pyrgos/core/keys';
import { MAX_LOGIN_BODY_SIZE, MAX_MFA_TYPES, MAX_WEBAUTHN_BODY_SIZE } from '../../limits.js';
import { flag, hex, required } from '../parameters.js';
import { booleanReply, bytesReply, cborReply, textReply } from '../reply.js';
import type { Call, Handler, RouteTable } from './route.js';

/** Who asks, and the proof: the parameters that every method but setLogin and getLogin has. */
function caller({ exchange: { query } }: Call): readonly [username: string, auth: Uint8Array] {
  return [required(query, 'username'), hex(query, 'auth')];
}

/** `mfaTypes`: decimal numbers with commas between them. */
function factorTypes(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const types = text === '' ? [] : text.split(',');
  if (types.length > MAX_MFA_TYPES || types.some((type) => !/^[0-9]{1,3}$/u.test(type))) {
    throw new FormatError('format.request', 'mfaTypes', 'must be a short list of numbers');
  }
  return types.map(Number);
}

const setLogin: Handler = async ({ exchange, services }) => {
  const auth = hex(exchange.query, 'auth');
  const data = LoginData.decode(await exchange.body(MAX_LOGIN_BODY_SIZE));
  return booleanReply(await services.accounts.setLogin(data, auth, flag(exchange.query, 'local')));
};

const getLogin: Handler = async ({ exchange: { query }, services }) => {
  const mfa = query.get('mfa');
  const response = await services.accounts.getLogin({
    username: required(query, 'username'),
    author: PublicSigningKey.decode(hex(query, 'author')),
    auth: hex(query, 'auth'),
    proxy: flag(query, 'proxy'),
    mfaTypes: factorTypes(query.get('mfaTypes')),
    mfa: mfa === undefined ? undefined : MultiFactorAuthResponse.decode(hex(query, 'mfa')),
  });
  return cborReply(response.toCbor());
};

const registerWebauthnComplete: Handler = async (call) => {
  const { exchange, services } = call;
  const [username, auth] = caller(call);
  const keyName = required(exchange.query, 'keyname');
  const response = MultiFactorAuthResponse.decode(await exchange.body(MAX_WEBAUTHN_BODY_SIZE));
  return cborReply(await services.accounts.registerWebauthnComplete(username, keyName, response, auth));
};

/** Login data and second factors below `/peergos/v0/login/` (chapter 02 section 10). */
export const loginRoutes: RouteTable = new Map<string, Handler>([
  ['setLogin', setLogin],
  ['getLogin', getLogin],
  ['listMfa', async (call) => cborReply((await call.services.accounts.listMfa(...caller(call))).map((method) => method.toCbor()))],
  ['addTotp', async (call) => textReply(await call.services.accounts.addTotp(...caller(call)))],
  [
    'enableTotp',
    async (call) => {
      const [username, auth] = caller(call);
      const { query } = call.exchange;
      return cborReply(await call.services.accounts.enableTotp(username, hex(query, 'credid'), required(query, 'code'), auth));
    },
  ],
  [
    'addMount',
    async (call) => {
      const [username, auth] = caller(call);
      return textReply(await call.services.accounts.addMount(username, required(call.exchange.query, 'name'), auth));
    },
  ],
  [
    'enableMount',
    async (call) => {
      const [username, auth] = caller(call);
      const { query } = call.exchange;
      return cborReply(await call.services.accounts.enableMount(username, hex(query, 'credid'), required(query, 'code'), auth));
    },
  ],
  ['genBackupCodes', async (call) => cborReply((await call.services.accounts.genBackupCodes(...caller(call))).toCbor())],
  ['registerWebauthnStart', async (call) => bytesReply(await call.services.accounts.registerWebauthnStart(...caller(call)))],
  ['registerWebauthnComplete', registerWebauthnComplete],
  [
    'deleteMfa',
    async (call) => {
      const [username, auth] = caller(call);
      return cborReply(await call.services.accounts.deleteMfa(username, hex(call.exchange.query, 'credid'), auth));
    },
  ],
]);
