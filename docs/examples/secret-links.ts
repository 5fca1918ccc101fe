import { connect, DeniedError, type UserSession } from '@pyrgos/client';

/** Gives somebody without an account a directory for a week. Returns the link for them; the password goes another way. */
export async function lend({ links }: UserSession, path: string, userPassword: string): Promise<string> {
  const expires = new Date(Date.now() + 7 * 86_400_000);
  const link = await links.create(path, { writable: true, userPassword, expires, maxRetrievals: 20 });
  return link.url ?? link.text;
}

/** Opens a link, and puts a file into the directory to which it leads. Returns the names that are there then. */
export async function putInto(server: string, link: string, askForPassword: () => Promise<string>): Promise<string[]> {
  // Whoever has no account needs none. The function is asked only when the link has a password, and again when the answer was wrong.
  const session = await (await connect(server)).openLink(link, { password: askForPassword });
  // The same calls as for the files of an account, at the paths that the owner sees; `session.path` is what the link leads to.
  await session.files.write(`${session.path}/greeting.txt`, `Hello ${session.owner}!`);
  const names: string[] = [];
  for await (const { name } of session.files.names(session.entryPath)) names.push(name ?? '');
  session.close();
  return names;
}

/** Ends all links of a path, and of what is below it. Returns what became of each. */
export async function takeLinksBack({ links }: UserSession, path: string): Promise<string[]> {
  const ended: string[] = [];
  for await (const { path: of, label, retrievals = 0, retrievalsLeft = Number.POSITIVE_INFINITY } of links.list(path)) {
    await links.delete(of, label);
    ended.push(`${of} was opened ${retrievals} times of ${retrievals + retrievalsLeft}`);
  }
  return ended;
}

/** What to say when a link does not open. */
export function whyNot(error: unknown): string {
  if (!(error instanceof DeniedError)) return 'There is no such link any more.';
  switch (error.data.reason) {
    case 'password':
      return 'The password is wrong.';
    case 'expired':
    case 'used-up':
      return 'The link works no longer.';
    default:
      return error.message;
  }
}
