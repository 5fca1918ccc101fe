import { FileTree } from '../src/files/file-tree.js';
import type { Item } from '../src/files/view/index.js';
import type { UserSession } from '../src/user-session.js';

/** The item at a path of a session: what is behind a FileEntry, keys and ciphertext included. */
export async function itemAt({ account }: UserSession, path: string): Promise<Item> {
  const { sessions, username, home } = account;
  return (await new FileTree({ sessions, username, home }).lookAt(undefined, path)).item;
}
