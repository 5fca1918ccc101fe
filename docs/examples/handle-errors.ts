import { connect, PyrgosError, type UserSession } from '@pyrgos/client';

/** What a program may tell its user about an error. The part of a code before the dot is its family. */
function explain(error: unknown): string {
  // Everything else is a bug, of the program or of Pyrgos.
  if (!(error instanceof PyrgosError)) throw error;
  switch (error.code) {
    case 'not-found.file':
      return 'There is no such file.';
    case 'conflict.exists':
      return 'There is something of this name already.';
    case 'quota':
      return 'The account is full.';
    case 'denied.login':
      return error.data['needsSecondFactor'] === true ? 'A code is needed.' : 'Wrong user name or password.';
    case 'not-found.user':
      return 'Nobody has this name.';
    case 'network':
      // `safe`: the same call may be made again. `after`: it was sent and the answer is lost, so look first. `never`: it is not the network.
      if (error.retry === 'safe') return 'No connection. Try again later.';
      return error.retry === 'after' ? 'No connection. Look whether it has been done.' : error.message;
    case 'aborted':
      return 'Cancelled.';
    default:
      // Two devices have changed the same thing: look at what is there now, and do it again.
      if (error.code.startsWith('conflict.')) return 'Somebody else was faster.';
      // Damaged data, or a server that lies. `data` has the facts, and never a key or a password.
      if (error.code.startsWith('format.') || error.code.startsWith('crypto.')) return 'This is damaged.';
      return error.message;
  }
}

/** Some things that go wrong, and how they are told. */
export async function handleErrors(server: string, { files, username }: UserSession): Promise<string[]> {
  const text = new TextEncoder().encode('x');
  const attempts = [
    async () => files.read(`/${username}/nothing`),
    async () => files.write(`/${username}/file`, text, { onExisting: 'error' }),
    async () => files.write(`/${username}/file`, text, { onExisting: 'error' }),
    async () => (await connect(server)).logIn({ username, password: 'the wrong one' }),
    async () => files.stat(`/${username}`, { signal: AbortSignal.abort() }),
  ];
  const told: string[] = [];
  for (const attempt of attempts) {
    try {
      await attempt();
    } catch (error) {
      told.push(explain(error));
    }
  }
  return told;
}
