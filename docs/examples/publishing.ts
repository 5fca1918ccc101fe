import { connect, type UserSession } from '@pyrgos/client';

/** Publishes a directory, and says where everybody finds it. */
export async function publish({ publishing }: UserSession, path: string): Promise<string> {
  const { url } = await publishing.publish(path);
  return url ?? path;
}

/** Reads what somebody has published, without an account and without trusting the server. */
export async function readPublished(url: string, path: string): Promise<string> {
  const session = await (await connect(url)).openPublic(path);
  return session.files.readText(session.path);
}

/** Makes everything private again. Returns the paths that were published. */
export async function unpublishAll({ publishing }: UserSession): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of publishing.list()) paths.push(path);
  // New keys, so that nobody finds anything any more who has looked; shares and links of it end as well.
  for (const path of paths) await publishing.unpublish(path);
  return paths;
}
