import type { ChatState, PrivateChatState } from '@pyrgos/core/chat';
import { uploadFile } from '../files/content/index.js';
import { deleteItems } from '../files/structure/index.js';
import { findEntry, type Item, type OperationView } from '../files/view/index.js';
import { giveCapabilities } from '../social/capability-store.js';
import { directoryIn, makeDirectoryAt, writeFileIn } from '../social/own-files.js';
import type { OwnSpace } from '../social/own-space.js';
import { changeRecord } from '../social/share-records.js';
import { ChatFile } from './chat-files.js';
import { MESSAGING, SHARED } from './shared-chat.js';

/** Bytes of a log that are part of the commit in which the chat is made; a longer one is uploaded before. */
const BUFFERED_SIZE = 5_242_880;

/** The own copy of a chat that there is none of yet. */
export interface NewOwnChat {
  readonly id: string;
  readonly log: { readonly size: number; readonly pieces: () => AsyncIterable<Uint8Array> };
  readonly index: Uint8Array;
  readonly state: ChatState;
  readonly privateState: PrivateChatState;
  /** Who may read it: followers of the account. */
  readonly readers: readonly string[];
}

/**
 * Makes the own copy of a chat, in one commit unless its log is long: then nothing of it counts as a chat before the last one. What is left of a copy that was never
 * made to its end goes.
 */
export async function writeNewChat(operation: OperationView, space: OwnSpace, home: Item, chat: NewOwnChat): Promise<void> {
  const { id, log } = chat;
  const messaging = await makeDirectoryAt(operation, space, home, [MESSAGING], { isHidden: true });
  const left = await findEntry(operation, messaging, id);
  if (left !== undefined) await deleteItems(operation, messaging, [left]);
  if (log.size > BUFFERED_SIZE) {
    const shared = await makeDirectoryAt(operation, space, messaging, [id, SHARED], { isHidden: false });
    await uploadFile(operation, space.ports, shared, ChatFile.log, { size: log.size, open: (offset) => from(log.pieces(), offset) });
    await operation.committer.withoutFlush(async () => writeRest(operation, space, home, chat));
    return;
  }
  await operation.committer.withoutFlush(async () => {
    const shared = await makeDirectoryAt(operation, space, messaging, [id, SHARED], { isHidden: false });
    await writeFileIn(operation, space, shared, ChatFile.log, await collect(log.pieces(), log.size));
    await writeRest(operation, space, home, chat);
  });
}

async function writeRest(operation: OperationView, space: OwnSpace, home: Item, chat: NewOwnChat): Promise<void> {
  const { id, index, state, privateState, readers } = chat;
  const messaging = await directoryIn(operation, home, MESSAGING);
  const root = messaging === undefined ? undefined : await directoryIn(operation, messaging, id);
  if (root === undefined) throw new TypeError('the directory of the chat was made just now');
  const shared = await makeDirectoryAt(operation, space, root, [SHARED], { isHidden: false });
  await writeFileIn(operation, space, shared, ChatFile.index, index);
  await writeFileIn(operation, space, shared, ChatFile.state, state.encode());
  // Last: with it the chat counts as one.
  await writeFileIn(operation, space, root, ChatFile.privateState, privateState.encode());
  if (readers.length === 0) return;
  for (const name of readers) await giveCapabilities(operation, space, home, name, 'read', [shared.capability]);
  await changeRecord(operation, space, home, [space.username, MESSAGING, id], (shares) => shares.share(SHARED, 'read', readers));
}

async function collect(pieces: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for await (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

async function* from(pieces: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  let skip = offset;
  for await (const piece of pieces) {
    if (skip < piece.length) yield piece.subarray(skip);
    skip = Math.max(0, skip - piece.length);
  }
}
