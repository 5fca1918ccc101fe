import {
  DeniedError,
  generatePassphrase,
  loadCrypto,
  PasswordPolicy,
  PyrgosError,
  SymmetricKey,
  UnsupportedError,
  type UserSession,
} from '@pyrgos/client';
import type { SessionInfo } from '../calls.js';
import type { DeviceKeys } from '../device-key.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { forgetWaitingMessages } from '../waiting-database.js';
import { SECOND_FACTOR_ATTEMPTS, secondFactorPrompt } from './second-factor-questions.js';

/** Milliseconds by which clocks may differ without being taken for the cause of what goes wrong. */
const MAX_CLOCK_DIFFERENCE = 180_000;

type Served = 'session.kept' | 'session.restore' | 'session.logIn' | 'session.signUp' | 'session.logOut' | 'session.leave';

/** Logging in and out, and signing up. */
export function sessionService(state: EngineState): Pick<Handlers, Served | 'password.judge' | 'password.generate'> {
  const started = (session: UserSession, isKept: boolean, begun: object): SessionInfo => state.start(session, isKept, begun);

  /** Requests are signed with the time: a server refuses those of a device whose clock is wrong, in many ways, none of which says so. */
  const inTime = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (cause) {
      const difference = state.connection.clockDifference;
      const isOther = cause instanceof PyrgosError && ['aborted', 'network', 'denied.signup', 'conflict.exists'].includes(cause.code);
      if (isOther || Math.abs(difference) < MAX_CLOCK_DIFFERENCE) throw cause;
      const data = { reason: 'clock', minutes: Math.round(Math.abs(difference) / 60_000) };
      throw new UnsupportedError('The clocks of this device and of the server differ.', { data, cause });
    }
  };

  return {
    'session.kept': async () => {
      const username = await (await state.server()).deviceKeys?.keptUsername();
      return username === undefined ? undefined : { username };
    },

    'session.restore': async (_, { signal }) => {
      const begun = state.begin();
      const { server, deviceKeys } = await state.server();
      const kept = await deviceKeys?.get();
      if (kept === undefined) throw new DeniedError('denied.login', 'Nobody stays logged in here.', { expired: true });
      return started(await inTime(server.restore({ ...kept, signal })), true, begun);
    },

    'session.logIn': async ({ username, password, keep }, context) => {
      const begun = state.begin();
      const { server, deviceKeys } = await state.server();
      const deviceKey = keep && deviceKeys !== undefined ? SymmetricKey.generate(await loadCrypto()) : undefined;
      const session = await inTime(
        server.logIn({
          username,
          password,
          signal: context.signal,
          secondFactor: secondFactorPrompt(context),
          secondFactorAttempts: SECOND_FACTOR_ATTEMPTS,
          onProgress: ({ phase = '', done }) => {
            context.emit({ phase, done });
          },
          ...(deviceKey === undefined ? {} : { deviceKey }),
        }),
      );
      return started(session, await keepKey(deviceKeys, session, deviceKey), begun);
    },

    'session.signUp': async ({ username, password, token, keep }, context) => {
      const begun = state.begin();
      const { server, deviceKeys } = await state.server();
      const deviceKey = keep && deviceKeys !== undefined ? SymmetricKey.generate(await loadCrypto()) : undefined;
      const session = await inTime(
        server.signUp({
          username,
          password,
          token,
          signal: context.signal,
          onProgress: ({ phase = '', done }) => {
            context.emit({ phase, done });
          },
          ...(deviceKey === undefined ? {} : { deviceKey }),
        }),
      );
      return started(session, await keepKey(deviceKeys, session, deviceKey), begun);
    },

    'session.logOut': async () => {
      const { deviceKeys } = await state.server();
      await deviceKeys?.clear();
      await forgetWaitingMessages();
      await state.session.logOut();
      state.end();
      return undefined;
    },

    'session.leave': async () => {
      state.end();
      return undefined;
    },

    'password.judge': async ({ username, password }) => {
      const { level, problem } = PasswordPolicy.account.strengthOf(password, username);
      return { level, problem, minLength: PasswordPolicy.account.minLength };
    },

    'password.generate': async () => generatePassphrase(await loadCrypto()),
  };
}

/** Keeps the key of a session. Whether it is kept: a browser that stores nothing is no reason to turn anybody away. */
async function keepKey(
  deviceKeys: DeviceKeys | undefined,
  { username }: UserSession,
  deviceKey: SymmetricKey | undefined,
): Promise<boolean> {
  if (deviceKeys === undefined || deviceKey === undefined) return false;
  try {
    await deviceKeys.keep({ username, deviceKey });
    return true;
  } catch {
    return false;
  }
}
