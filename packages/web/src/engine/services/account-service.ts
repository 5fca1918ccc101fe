import { formatBackupCode, loadCrypto, MfaType, PyrgosError, SymmetricKey, UnsupportedError, type UserSession } from '@pyrgos/client';
import type { FactorRow } from '../calls.js';
import type { DeviceKeys } from '../device-key.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { fromHex, toHex } from './hex.js';
import { SECOND_FACTOR_ATTEMPTS, secondFactorPrompt } from './second-factor-questions.js';

type Served =
  | 'account.space'
  | 'account.requestSpace'
  | 'account.changePassword'
  | 'account.delete'
  | 'account.keep'
  | 'server.version'
  | 'factors.list'
  | 'factors.addApp'
  | 'factors.confirmApp'
  | 'factors.addSecurityKey'
  | 'factors.makeBackupCodes'
  | 'factors.remove';

const kinds: ReadonlyMap<number, FactorRow['kind']> = new Map([
  [MfaType.totp, 'totp'],
  [MfaType.webauthn, 'security-key'],
  [MfaType.backupCodes, 'backup-code'],
]);

/** What can be set about an account. */
export function accountService(state: EngineState): Pick<Handlers, Served> {
  return {
    'account.space': async (_, { signal }) => {
      const { space } = state.session;
      const [used, quota] = await Promise.all([space.usage({ signal }), space.quota({ signal })]);
      return { used, quota };
    },

    'account.requestSpace': async ({ bytes }, { signal }) => {
      await state.session.space.request({ bytes }, { signal });
      return undefined;
    },

    'account.changePassword': async ({ oldPassword, newPassword }, context) => {
      const { deviceKeys } = await state.server();
      const deviceKey = state.isKept && deviceKeys !== undefined ? SymmetricKey.generate(await loadCrypto()) : undefined;
      const session = await state.session.changePassword({
        oldPassword,
        newPassword,
        deviceKey,
        signal: context.signal,
        secondFactor: secondFactorPrompt(context),
        secondFactorAttempts: SECOND_FACTOR_ATTEMPTS,
      });
      if (deviceKey === undefined) await deviceKeys?.clear();
      else await deviceKeys?.keep({ username: session.username, deviceKey });
      return state.start(session, deviceKey !== undefined);
    },

    'account.delete': async ({ password }, context) => {
      const { deviceKeys } = await state.server();
      await state.session.deleteAccount({
        password,
        signal: context.signal,
        secondFactor: secondFactorPrompt(context),
        secondFactorAttempts: SECOND_FACTOR_ATTEMPTS,
      });
      await deviceKeys?.clear();
      state.end();
      return undefined;
    },

    'account.keep': async ({ keep }) => {
      const { deviceKeys } = await state.server();
      const { session } = state;
      if (keep) await keepSession(session, deviceKeys);
      else await deviceKeys?.clear();
      return state.start(session, keep);
    },

    'server.version': async (_, { signal }) => (await (await state.server()).server.network.admin.version(signal)).version,

    'factors.list': async (_, { signal }) =>
      (await state.session.secondFactors.list({ signal })).map(({ credentialId, type, name, enabled }) => ({
        id: toHex(credentialId),
        kind: kinds.get(type) ?? 'other',
        name,
        isEnabled: enabled,
      })),

    'factors.addApp': async (_, { signal }) => {
      const app = await state.session.secondFactors.addTotp({ signal });
      return { id: toHex(app.credentialId), uri: app.uri };
    },

    'factors.confirmApp': async ({ id, code }, { signal }) => {
      await state.session.secondFactors.enableTotp(fromHex(id), code.replaceAll(/\s/gu, ''), { signal });
      await keepAgain(state);
      return undefined;
    },

    'factors.addSecurityKey': async ({ name }, { signal, ask }) => {
      await state.session.secondFactors.addSecurityKey(
        name,
        {
          create: async (options) => {
            const created = await ask(options);
            if (created === undefined) throw new UnsupportedError('No security key was registered.', { data: { reason: 'security-key' } });
            return created;
          },
          sign: async () => Promise.reject(new UnsupportedError('Registering signs nothing.')),
        },
        { signal },
      );
      await keepAgain(state);
      return undefined;
    },

    'factors.makeBackupCodes': async (_, { signal }) =>
      (await state.session.secondFactors.generateBackupCodes({ signal })).codes.map(formatBackupCode),

    'factors.remove': async ({ id }, { signal }) => {
      await state.session.secondFactors.delete(fromHex(id), { signal });
      return undefined;
    },
  };
}

/** Keeps the session on this device; `unsupported` where the browser keeps nothing. */
async function keepSession(session: UserSession, deviceKeys: DeviceKeys | undefined): Promise<void> {
  const deviceKey = SymmetricKey.generate(await loadCrypto());
  try {
    if (deviceKeys === undefined) throw new UnsupportedError('This browser keeps nothing for this page.');
    await session.stayLoggedIn(deviceKey);
    await deviceKeys.keep({ username: session.username, deviceKey });
  } catch (cause) {
    // What comes from a server has a code; browsers have none.
    if (cause instanceof PyrgosError && cause.code !== 'unsupported' && cause.code !== 'storage') throw cause;
    throw new UnsupportedError('This browser keeps nothing for this page.', { data: { reason: 'storage' }, cause });
  }
}

/** A new second factor ends what devices have kept (chapter 05 section 15.8). Whoever has set it up here has it, so this device goes on. */
async function keepAgain(state: EngineState): Promise<void> {
  const { deviceKeys } = await state.server();
  if (state.isKept) await keepSession(state.session, deviceKeys);
}
