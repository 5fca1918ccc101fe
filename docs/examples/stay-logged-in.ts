import { join } from 'node:path';
import { connect, loadCrypto, type PyrgosServer, SymmetricKey } from '@pyrgos/client';
import { FileCache, FileLocalStore } from '@pyrgos/client/node';

/** Stays logged in over restarts of a program in Node, and changes the password. Returns the share of the quota that is in use. */
export async function stayLoggedIn(
  server: string,
  folder: string,
  user: { readonly username: string; readonly password: string; readonly newPassword: string },
): Promise<number> {
  const { username, password, newPassword } = user;

  // What the program may keep: what it has seen of the server, so that it notices one that goes back in time, and blocks that it has read.
  // All of it is encrypted or public, and verified whenever it is used. One folder each, and a store of its own for each server.
  const start = async (): Promise<PyrgosServer> =>
    connect(server, {
      store: await FileLocalStore.open(join(folder, 'store')),
      blockCache: await FileCache.open(join(folder, 'blocks'), { capacity: 200_000_000 }),
    });

  // This key opens the account without password and second factor. It belongs where other programs cannot read it: a key ring.
  const deviceKey = SymmetricKey.generate(await loadCrypto());
  const first = await (await start()).logIn({ username, password, deviceKey });
  await first.files.write(`${first.files.homePath}/note.txt`, 'kept');
  first.close();

  // The next start of the program.
  const restored = await (await start()).restore({ username, deviceKey });
  await restored.files.read(`${restored.files.homePath}/note.txt`);

  // The session that comes out is the one to use from then on; this one is closed.
  const session = await restored.changePassword({ oldPassword: password, newPassword, deviceKey });
  const used = (await session.space.usage()) / (await session.space.quota());

  // Forgets what could open the account on this device; `close` would keep it.
  await session.logOut();
  return used;
}
