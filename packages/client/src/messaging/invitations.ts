import { parseChatId } from '@pyrgos/core/chat';
import { PyrgosError } from '@pyrgos/core/errors';
import { formatPath } from '../files/file-tree.js';
import type { CommittedView, View } from '../files/view/index.js';
import { isOfOthers } from '../social/friend-spaces.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { findOwnChat, findState, listChatIds } from './chat-files.js';
import type { ChatMirrors } from './chat-mirrors.js';
import type { ChatStore } from './chat-store.js';
import type { ChatInvitation } from './chat-types.js';
import { invitationKey, readDeclined } from './declined-invitations.js';
import { MESSAGING, SHARED } from './shared-chat.js';

/** Copies of chats that are looked at at a time. */
const LOOKS_IN_FLIGHT = 8;
/** Chats of one friend of which the account has no copy that are looked at; more of them nobody means. */
const MAX_LOOKS = 500;

/** An invitation, and by what it is declined. */
export interface FoundInvitation {
  readonly invitation: ChatInvitation;
  readonly key: string;
}

/** What was found at one place, in one tree of its owner. */
interface Verdict {
  readonly tree: string;
  readonly found: FoundInvitation | undefined;
}

/**
 * Invitations into chats (chapter 07 section 10.1): what friends share of chats in which the account is expected, and of which it has no copy, or one from which
 * it was removed.
 */
export class Invitations {
  private readonly verdicts = new Map<string, Verdict>();

  constructor(
    private readonly store: ChatStore,
    private readonly mirrors: ChatMirrors,
  ) {}

  /** Those that were not declined, by title. What is wrong with one friend hides only theirs. */
  async list(view: CommittedView): Promise<readonly ChatInvitation[]> {
    const all = await this.all(view);
    if (all.length === 0) return [];
    const declined = await readDeclined(view, await this.store.space.home(view));
    return all.filter(({ key }) => !declined.has(key)).map(({ invitation }) => invitation);
  }

  /** All of them, those that were declined as well. */
  async all(view: CommittedView): Promise<readonly FoundInvitation[]> {
    const { space, friends } = this.store;
    await friends.update(view);
    const home = await space.home(view);
    const known = new Set(await listChatIds(view, home));
    const places: { readonly inviter: string; readonly id: string }[] = [];
    for (const inviter of await friends.followed.names(view)) {
      const ids = (await friends.mirrored(view, [inviter, MESSAGING])).filter(isChatId);
      const strange: string[] = [];
      for (const id of ids) {
        if (!known.has(id)) strange.push(id);
        else if (await this.isOutOf(view, id, inviter)) places.push({ inviter, id });
      }
      for (const id of strange.slice(0, MAX_LOOKS)) places.push({ inviter, id });
    }
    const invitations: FoundInvitation[] = [];
    await forEachAtOnce(places, LOOKS_IN_FLIGHT, async ({ inviter, id }) => {
      const found = await this.look(view, inviter, id, known.has(id));
      if (found !== undefined) invitations.push(found);
    });
    const keyOf = ({ invitation: { title, id, inviter } }: FoundInvitation): string => `${title.toLowerCase()}\n${id}\n${inviter}`;
    return invitations.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  /** Whether the account was removed from a chat of which it has a copy, or has heard nothing of this inviter, or nothing for a while: then there may be a new invitation. */
  private async isOutOf(view: View, id: string, inviter: string): Promise<boolean> {
    try {
      const chat = await findOwnChat(view, await this.store.space.home(view), id);
      if (chat === undefined) return true;
      const { state, privateState } = chat;
      return state.hostMember.isRemoved || privateState.deleted.includes(inviter) || state.memberOf(inviter) === undefined;
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      return false;
    }
  }

  private async look(view: CommittedView, inviter: string, id: string, isKnown: boolean): Promise<FoundInvitation | undefined> {
    const key = `${inviter}/${id}/${isKnown}`;
    try {
      const shared = await this.mirrors.find(view, inviter, id);
      if (shared === undefined || shared === 'away') return undefined;
      const tree = (await view.treeOf(shared.owner, shared.writer))?.key ?? '';
      const known = this.verdicts.get(key);
      if (known?.tree === tree) return known.found;
      const shown = await findState(view, shared);
      const self = shown?.state.chatId === id ? shown.state.memberOf(this.store.space.username) : undefined;
      const isInvited = self !== undefined && !self.isRemoved && self.proof === undefined;
      const found = isInvited
        ? {
            invitation: {
              id,
              inviter,
              title: shown?.state.title ?? '',
              app: parseChatId(id).app,
              isKnown,
              path: formatPath([inviter, MESSAGING, id, SHARED]),
            },
            key: invitationKey(id, self.id),
          }
        : undefined;
      this.verdicts.set(key, { tree, found });
      return found;
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      return undefined;
    }
  }
}

function isChatId(text: string): boolean {
  try {
    parseChatId(text);
    return true;
  } catch (error) {
    if (error instanceof PyrgosError) return false;
    throw error;
  }
}
