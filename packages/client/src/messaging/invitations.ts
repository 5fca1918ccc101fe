import { type ChatState, isChatId, parseChatId } from '@pyrgos/core/chat';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_CHAT_INVITATION_SIZE, MAX_CHAT_INVITATIONS_READ } from '@pyrgos/core/limits';
import { formatPath } from '../files/file-tree.js';
import type { CommittedView, View } from '../files/view/index.js';
import { isOfOthers } from '../social/friend-spaces.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { findOwnChat, findStateFile, listChatIds, readState } from './chat-files.js';
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

/** The tree of a writer in which something was looked at. */
interface Looked {
  readonly owner: PublicKeyHash;
  readonly writer: PublicKeyHash;
  readonly tree: string;
}

/** What was found at one place, also when that was nothing, or nothing that can be read: as long as the tree stays the same nothing is read there again. */
interface Verdict extends Looked {
  /** The version of the state that says so; undefined when there is none. */
  readonly state: string | undefined;
  readonly found: FoundInvitation | undefined;
}

/** Bytes that may still be read of a friend. */
interface Budget {
  left: number;
}

/** What is looked for: the chat of a friend. */
interface Place {
  readonly inviter: string;
  readonly id: string;
  readonly isKnown: boolean;
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
    const spaces = new Map((await friends.followed.places(view)).map((space) => [space.name, space]));
    const budgets = new Map<string, Budget>([...spaces.keys()].map((name) => [name, { left: MAX_CHAT_INVITATIONS_READ }]));
    const invitations: FoundInvitation[] = [];
    await forEachAtOnce(places, LOOKS_IN_FLIGHT, async ({ inviter, id }) => {
      const [at, budget] = [spaces.get(inviter), budgets.get(inviter)];
      if (at === undefined || budget === undefined) return;
      const found = await this.look(view, { inviter, id, isKnown: known.has(id) }, at, budget);
      if (found !== undefined) invitations.push(found);
    });
    this.keepOnly(places, known);
    const keyOf = ({ invitation: { title, id, inviter } }: FoundInvitation): string => `${title.toLowerCase()}\n${id}\n${inviter}`;
    return invitations.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  /** Whether the account was removed from a chat of which it has a copy, or has heard nothing of this inviter, or nothing for a while: then there may be a new invitation. */
  private async isOutOf(view: View, id: string, inviter: string): Promise<boolean> {
    try {
      const chat = await findOwnChat(view, await this.store.space.home(view), id);
      if (chat === undefined) return true;
      const { state, privateState } = chat;
      const isAway = privateState.deleted.includes(inviter) || this.mirrors.missingOf(id).has(inviter);
      return state.hostMember.isRemoved || isAway || state.memberOf(inviter) === undefined;
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      return false;
    }
  }

  /** Forgets what was found where nothing is any more, of which there may be ever more. */
  private keepOnly(places: readonly Omit<Place, 'isKnown'>[], known: ReadonlySet<string>): void {
    const kept = new Set(places.map(({ inviter, id }) => verdictKey({ inviter, id, isKnown: known.has(id) })));
    for (const key of this.verdicts.keys()) if (!kept.has(key)) this.verdicts.delete(key);
    this.mirrors.keep((inviter, id) => known.has(id) || kept.has(verdictKey({ inviter, id, isKnown: false })));
  }

  /** What is at a place; `at` is where the friend has their space. */
  private async look(
    view: CommittedView,
    place: Place,
    at: { readonly owner: PublicKeyHash; readonly writer: PublicKeyHash },
    budget: Budget,
  ): Promise<FoundInvitation | undefined> {
    const { inviter, id } = place;
    const key = verdictKey(place);
    let looked: Looked | undefined;
    let version: string | undefined;
    try {
      const known = this.verdicts.get(key);
      if (known !== undefined && (await lookedAt(view, known)).tree === known.tree) return known.found;
      // Whatever is found there changes with it, or with the writer of what is found.
      looked = await lookedAt(view, at);
      const shared = await this.mirrors.find(view, inviter, id);
      if (shared === 'away') return undefined;
      if (shared !== undefined) looked = await lookedAt(view, shared);
      const file = shared === undefined ? undefined : await findStateFile(view, shared);
      version = file?.cid.key;
      if (known?.state !== undefined && known.state === version) return this.note(key, looked, version, known.found);
      const size = file?.properties.size ?? 0;
      if (file === undefined || size > MAX_CHAT_INVITATION_SIZE) return this.note(key, looked, version, undefined);
      // The rest comes with the next look.
      if (size > budget.left) return undefined;
      budget.left -= size;
      return this.note(key, looked, version, this.invitationIn(await readState(view, file), place));
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      // What cannot be reached now may be there at any time.
      if (error.code === 'network') this.verdicts.delete(key);
      else if (looked !== undefined) this.note(key, looked, version, undefined);
      return undefined;
    }
  }

  private note(key: string, looked: Looked, state: string | undefined, found: FoundInvitation | undefined): FoundInvitation | undefined {
    this.verdicts.set(key, { ...looked, state, found });
    return found;
  }

  private invitationIn(state: ChatState, { inviter, id, isKnown }: Place): FoundInvitation | undefined {
    const self = state.chatId === id ? state.memberOf(this.store.space.username) : undefined;
    if (self === undefined || self.isRemoved || self.proof !== undefined) return undefined;
    const path = formatPath([inviter, MESSAGING, id, SHARED]);
    const invitation = { id, inviter, title: state.title, app: parseChatId(id).app, isKnown, path };
    return { invitation, key: invitationKey(id, self.id) };
  }
}

function verdictKey({ inviter, id, isKnown }: Place): string {
  return `${inviter}/${id}/${isKnown}`;
}

async function lookedAt(view: View, { owner, writer }: Pick<Looked, 'owner' | 'writer'>): Promise<Looked> {
  return { owner, writer, tree: (await view.treeOf(owner, writer))?.key ?? '' };
}
