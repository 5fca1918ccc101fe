import type { LiveSource } from '../live/live-changes.js';
import type { ChatMirrors } from './chat-mirrors.js';

/**
 * The copies of chats that were looked at in this session, for whoever watches what changes in them. They are mostly in the spaces of friends, which are watched anyway: then what has
 * changed there is told as a change of the chats as well. No request.
 */
export function chatsSource(mirrors: ChatMirrors): LiveSource {
  return {
    places: async () => mirrors.known().map(({ id, owner, writer }) => ({ owner, writer, change: { chat: id } })),
    changesAt: (writer) =>
      mirrors
        .known()
        .filter((place) => place.writer.equals(writer))
        .map(({ id }) => ({ chat: id })),
  };
}
