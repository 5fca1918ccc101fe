import { PyrgosError, type UserSession } from '@pyrgos/client';

/** The people whom the account follows and whose files are not among the roots that were listed: their server is away, or what they share is damaged. */
export async function unreachableRoots(
  { friends }: UserSession,
  listed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return (await friends.state({ signal })).following.filter((name) => !listed.has(name));
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'denied.session') throw error;
    // What could be listed is worth more than knowing what could not.
    return [];
  }
}
