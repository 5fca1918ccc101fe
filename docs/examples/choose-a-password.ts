import { connect, generatePassphrase, loadCrypto, PasswordPolicy, PyrgosError } from '@pyrgos/client';

/** What a sign-up form shows below the field, while somebody types. */
export function hint(password: string, username: string): string {
  const { level, problem } = PasswordPolicy.account.strengthOf(password, username);
  // Every problem is a word to look up in the texts of the program.
  return problem === undefined ? level : `refused: ${problem}`;
}

/** Signs up; when the password is not good enough, with a passphrase that the person has to write down. Returns the password. */
export async function signUpWithAGoodPassword(signUpLink: string, username: string, wish: string): Promise<string> {
  const { origin, searchParams } = new URL(signUpLink);
  const server = await connect(origin);
  const token = searchParams.get('token') ?? '';
  try {
    (await server.signUp({ username, password: wish, token })).close();
    return wish;
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code !== 'denied.password') throw error;
  }
  // Seven words of a list of 2048: 77 bits.
  const password = generatePassphrase(await loadCrypto());
  (await server.signUp({ username, password, token })).close();
  return password;
}
