import type { UserSession } from '@pyrgos/client';

/** Takes home what friends have shared, and answers in the folders that they have shared for writing. Returns the paths of all that is shared. */
export async function takeHome({ files, shares, username }: UserSession): Promise<string[]> {
  const seen: string[] = [];
  for await (const { path, sharers, access, entry } of shares.received()) {
    // Without an entry there is an `error`: damaged, or the server of the friend is away.
    if (entry === undefined) continue;
    seen.push(`${path} from ${sharers.join(', ')}`);
    if (access === 'read') await files.copy(path, files.homePath);
    else if (entry.isDirectory) await files.write(`${path}/seen by ${username}.txt`, 'Thank you!');
  }
  return seen;
}
