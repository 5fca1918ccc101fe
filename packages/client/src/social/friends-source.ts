import type { LiveSource } from '../live/live-changes.js';
import type { FriendSpaces } from './friend-spaces.js';
import type { OwnSpace } from './own-space.js';

/** The spaces of all whom the account follows, for whoever watches what changes there. Costs no request beside a look at the own files. */
export function friendsSource({ tree }: OwnSpace, { followed }: FriendSpaces): LiveSource {
  return {
    places: async ({ signal }) => {
      const places = await followed.places(tree.view(signal));
      return places.map(({ name, owner, writer }) => ({ owner, writer, change: { friend: name } }));
    },
  };
}
