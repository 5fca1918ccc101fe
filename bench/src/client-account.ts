import { connect, type PyrgosServer } from '@pyrgos/client';
import { loadCrypto } from '@pyrgos/core/crypto';
import { measure, type Measurement } from './measure.js';

const PASSWORD = 'seven grey lanterns swinging over water';
const SAMPLES = 7;
/** scrypt as a log-in does it (chapter 05 section 3.3). */
const SCRYPT = { logN: 17, r: 8, p: 1, length: 64 };

/** Sign-up and log-in of new devices beside the key derivation alone, which is most of their work, in turn. */
export async function benchAccount(url: string): Promise<readonly Measurement[]> {
  const crypto = await loadCrypto();
  const salt = crypto.randomBytes(32);
  const bytes = crypto.randomBytes(32);
  const scrypt = 'scrypt alone';
  let server: PyrgosServer = await connect(url);
  let count = 0;
  // What one device knows of an account must not help the next one.
  const newDevice = async (): Promise<void> => {
    server = await connect(url);
  };
  await server.signUp({ username: 'returning', password: PASSWORD });
  return measure(
    'client account',
    'ms',
    (milliseconds) => milliseconds,
    [
      { name: scrypt, run: async () => crypto.scrypt(bytes, salt, SCRYPT) },
      {
        name: 'log in',
        prepare: newDevice,
        run: async () => (await server.logIn({ username: 'returning', password: PASSWORD })).close(),
        comparedWith: scrypt,
        ratioTarget: 1.2,
      },
      {
        name: 'sign up',
        prepare: newDevice,
        run: async () => (await server.signUp({ username: `new-${count++}`, password: PASSWORD })).close(),
        target: 2000,
        comparedWith: scrypt,
      },
    ],
    { samples: SAMPLES, warmUps: 1 },
  );
}
