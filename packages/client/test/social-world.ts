import type { AbsoluteCapability } from '@pyrgos/core/model';
import { AbsoluteCapability as Capability } from '@pyrgos/core/model';
import { readRecords, type SharedAccess, type SharedWithState } from '@pyrgos/core/social';
import { partsOf } from '../src/files/parts-of-files.js';
import { CommittedView, type Item, openItem } from '../src/files/view/index.js';
import type { UserSession } from '../src/index.js';
import { recipientDirectory, SHARED, storeFile } from '../src/social/capability-store.js';
import { makeDirectoryAt, readFileIn } from '../src/social/own-files.js';
import { OwnSpace } from '../src/social/own-space.js';
import { readRecord } from '../src/social/share-records.js';

/** The social layer of a session, below its public face. */
export function ownSpaceOf(session: UserSession): OwnSpace {
  return new OwnSpace(session.account, partsOf(session.files));
}

/** Makes the directory that a follower has, as accepting a request does. */
export async function letFollow(session: UserSession, ...followers: readonly string[]): Promise<void> {
  const space = ownSpaceOf(session);
  await space.changeHome(undefined, async (operation, home) => {
    for (const name of followers) await makeDirectoryAt(operation, space, home, [SHARED, name], { isHidden: true });
  });
}

/** All capabilities that somebody was ever given. */
export async function given(session: UserSession, recipient: string, access: SharedAccess): Promise<readonly AbsoluteCapability[]> {
  return ownSpaceOf(session).look(
    undefined,
    async (view, home) => {
      const directory = await recipientDirectory(view, home, recipient);
      const bytes = directory === undefined ? undefined : await readFileIn(view, directory, storeFile(access));
      return bytes === undefined ? [] : readRecords(bytes, (value) => Capability.fromCbor(value)).records.map(({ value }) => value);
    },
    true,
  );
}

/** What a capability leads to now, for somebody who has nothing but it; undefined when that is nothing. */
export async function opened(session: UserSession, capability: AbsoluteCapability): Promise<Item | undefined> {
  const view = new CommittedView(session.account.sessions, { fresh: true });
  try {
    return await openItem(view, capability);
  } catch {
    return undefined;
  }
}

/** What is recorded as shared of the items of a directory, given by its names from the root down. */
export async function recorded(session: UserSession, ...directory: readonly string[]): Promise<SharedWithState> {
  return ownSpaceOf(session).look(undefined, async (view, home) => readRecord(view, home, directory), true);
}
