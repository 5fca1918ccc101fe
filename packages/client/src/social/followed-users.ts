import { assertString } from '@pyrgos/core/arguments';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type EntryPoint } from '@pyrgos/core/model';
import { isFriendName } from '@pyrgos/core/social';
import { isDamage, type Item, parentOf, type View } from '../files/view/index.js';
import { SHARED } from './capability-store.js';
import type { Sharer } from './incoming-shares.js';
import type { OwnSpace } from './own-space.js';
import type { OwnerNames } from './owner-names.js';
import { openOne } from './received-items.js';
import { followedEntries, readBlocked, readFriendEntries } from './social-lists.js';

/** Whom the account follows, and whom it does not want to see. */
interface Followed {
  readonly entries: ReadonlyMap<string, EntryPoint>;
  readonly blocked: ReadonlySet<string>;
}

/** A friend whose space is at hand. */
export interface Mount extends Sharer {
  /** `/<friend>`, of which nothing but name and times is known: what is in it the mirror says. */
  readonly root: Item;
}

/** The friends of a session whose spaces can be reached (chapter 06 section 4.6). */
export class FollowedUsers {
  private known: { readonly tree: string; readonly followed: Followed } | undefined;
  /** Entries that lead somewhere, as they do now. */
  private readonly sharers = new Map<string, { readonly entry: EntryPoint; readonly sharer: Sharer }>();
  /** Where nothing was found in a tree, even at the identity that the friend has now. */
  private readonly gone = new Map<string, string>();

  constructor(
    private readonly space: OwnSpace,
    private readonly owners: OwnerNames,
  ) {}

  /** The names of all whom the account follows and has not blocked, whether they can be reached or not. */
  async names(view: View): Promise<readonly string[]> {
    return [...(await this.read(view)).entries.keys()].filter((name) => isFriendName(name) && name !== this.space.username);
  }

  /** What the account has to do with somebody: without a request when its own files are at hand. */
  async relation(view: View, name: string): Promise<'followed' | 'blocked' | 'none'> {
    assertString('name', name);
    const { entries, blocked } = await this.read(view);
    if (blocked.has(name)) return 'blocked';
    return entries.has(name) ? 'followed' : 'none';
  }

  /** Where the spaces of all whom the account follows and has not blocked are, as far as that is known without asking anybody. */
  async places(view: View): Promise<readonly { readonly name: string; readonly owner: PublicKeyHash; readonly writer: PublicKeyHash }[]> {
    const { entries } = await this.read(view);
    return (await this.names(view)).flatMap((name) => {
      const entry = entries.get(name);
      if (entry === undefined) return [];
      const known = this.sharers.get(name);
      // The identity of somebody may be another one by now.
      const { owner, writer } = known?.entry.equals(entry) === true ? known.sharer.entry : entry.capability;
      return [{ name, owner, writer }];
    });
  }

  /** The entry of somebody whom the account follows; undefined for anybody else. */
  async entry(view: View, name: string): Promise<EntryPoint | undefined> {
    return (await this.read(view)).entries.get(name);
  }

  /**
   * The space of somebody whom the account follows; undefined when the way to it leads nowhere any more, which is so when they have removed the
   * account from their followers. `hasTurn`: of whoever has the turn of an operation nobody new is looked up. Errors: `network` and the like.
   */
  async mount(view: View, name: string, hasTurn: boolean): Promise<Mount | undefined> {
    const entry = (await this.read(view)).entries.get(name);
    if (entry === undefined) return undefined;
    const known = this.sharers.get(name);
    if (known?.entry.equals(entry) === true) {
      const mounted = await this.open(view, known.sharer);
      if (mounted !== undefined || hasTurn) return mounted;
    }
    if (hasTurn) return undefined;
    const { capability } = entry;
    if ((await this.owners.nameOf(capability.owner)) !== name) return undefined;
    const sharer = { name, owner: capability.owner, entry: capability };
    const mounted = (await this.open(view, sharer)) ?? (await this.openElsewhere(view, sharer));
    if (mounted !== undefined) this.sharers.set(name, { entry, sharer: { name, owner: mounted.owner, entry: mounted.entry } });
    return mounted;
  }

  /** The owner of what is stored may have another identity by now. */
  private async openElsewhere(view: View, sharer: Sharer): Promise<Mount | undefined> {
    const { name, entry } = sharer;
    const tree = (await view.treeOf(entry.owner, entry.writer))?.key ?? '';
    const key = `${entry.owner.key}${entry.writer.key}`;
    // Asked once about each state: whoever has removed the account stays away for a long time.
    if (this.gone.get(key) === tree) return undefined;
    const owner = await this.owners.currentIdentity(name);
    this.gone.set(key, tree);
    if (owner === undefined || owner.equals(entry.owner)) return undefined;
    return this.open(view, { name, owner, entry: entry.withOwner(owner) });
  }

  private async open(view: View, sharer: Sharer): Promise<Mount | undefined> {
    const { item } = await openOne(view, sharer.entry);
    if (item === undefined || !item.isDirectory || !item.isReadable) return undefined;
    try {
      const shared = await parentOf(view, item);
      const root = shared?.name === SHARED ? await parentOf(view, shared) : undefined;
      // The name is claimed, and must be the one by which the owner is known.
      if (root === undefined || root.opened.parentLink !== undefined || !root.isDirectory || root.name !== sharer.name) return undefined;
      return { ...sharer, root };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  private async read(view: View): Promise<Followed> {
    const { home } = this.space.account;
    const tree = (await view.treeOf(home.owner, home.writer))?.key ?? '';
    if (this.known?.tree === tree) return this.known.followed;
    const directory = await this.space.home(view);
    const blocked = await readBlocked(view, directory);
    const followed = { entries: followedEntries(await readFriendEntries(view, directory), blocked), blocked };
    this.known = { tree, followed };
    return followed;
  }
}
