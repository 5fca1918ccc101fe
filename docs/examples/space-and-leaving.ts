import { PyrgosError, type UserSession } from '@pyrgos/client';

/** Frees space, asks for more when that is not enough, and says how much there is. Returns what is free in the end, in bytes. */
export async function makeRoom(session: UserSession, needed: number): Promise<number> {
  const { files, space, username } = session;
  const free = async (): Promise<number> => (await space.quota()) - (await space.usage());

  // Deletes a directory with all below it, for good. What is not there is `not-found.file`.
  try {
    await files.remove(`/${username}/old`);
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code !== 'not-found.file') throw error;
  }
  if ((await free()) >= needed) return free();

  // The operator answers when there is time: `npx pyrgos admin requests`. A later wish replaces an earlier one; until then the quota stays.
  await space.request({ bytes: (await space.usage()) + needed });
  return free();
}

/** Deletes an account for good. Its name stays taken: nobody, not even the same person, can ever sign up under it again. */
export async function leave(session: UserSession, password: string): Promise<void> {
  await session.deleteAccount({ password });
}
