import { PyrgosError } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { isFriendName } from '@pyrgos/core/social';
import type { Located } from '../files/file-tree.js';
import type { DamagedChild, OtherRoots, SharedItem } from '../files/other-roots.js';
import { placeKey } from '../files/structure/place.js';
import { CommittedView, findPath, isDamage, Item, listChildren, parentOf, type View } from '../files/view/index.js';
import { FollowedUsers, type Mount } from './followed-users.js';
import { isGroupDirectory } from './groups.js';
import { IncomingShares } from './incoming-shares.js';
import type { OwnSpace } from './own-space.js';
import { OwnerNames } from './owner-names.js';
import { openCapabilities, type Opened, openOne } from './received-items.js';
import { type MirrorDirectory, openMirror } from './world-mirror.js';

/**
 * What other users share with the account, by path: `/<friend>/…` (chapter 06 sections 4.6, 9.5 and 9.6). Of a directory as a whole, its own list says what is in it; of
 * one of which only something below is shared, the mirror does.
 */
export class FriendSpaces implements OtherRoots {
  /** @internal For the feed, which looks at the same friends. */
  readonly owners: OwnerNames;
  /** @internal */
  readonly followed: FollowedUsers;
  /** @internal */
  readonly incoming: IncomingShares;

  constructor(private readonly space: OwnSpace) {
    this.owners = new OwnerNames(space.account);
    this.followed = new FollowedUsers(space, this.owners);
    this.incoming = new IncomingShares(space, this.owners);
  }

  async roots(view: View): Promise<readonly Item[]> {
    const names = await this.followed.names(view);
    const roots = await Promise.all(
      names.map(async (name) => {
        try {
          return (await this.followed.mount(view, name, view.hasTurn))?.root;
        } catch (error) {
          // One whose server is away must not keep the others from being seen.
          if (!isOfOthers(error)) throw error;
          return undefined;
        }
      }),
    );
    return roots.filter((root) => root !== undefined);
  }

  async find(view: View, names: readonly string[]): Promise<Item | undefined> {
    const [owner = '', ...rest] = names;
    const mount = await this.reach(view, owner);
    if (mount === undefined) return undefined;
    if (rest.length === 0 && mount !== 'passed on') return mount.root;
    return this.inMirror(view, mount, async (mirror) => {
      const directory = await mirror.child(owner);
      return directory === undefined ? undefined : this.look(view, mount, directory, rest);
    });
  }

  async list(view: View, { names, item }: Located): Promise<AsyncIterable<Item | DamagedChild> | undefined> {
    if (item.isWritable) return undefined;
    const mount = await this.reach(view, names[0] ?? '');
    if (mount === undefined) return undefined;
    return this.inMirror(view, mount, async (mirror) => {
      let directory: MirrorDirectory | undefined = mirror;
      for (const name of names) directory = await directory?.child(name);
      if (directory === undefined) return item.isReadable ? undefined : none();
      if (!item.isReadable) return this.listMirror(view, mount, directory);
      const { children } = await directory.items();
      return children.size === 0 ? undefined : this.listBoth(view, mount, item, directory);
    });
  }

  /**
   * Takes in what friends have shared, of all whom the account follows; what is wrong with one is no error. Must not be called by whoever has the
   * turn of an operation.
   */
  async update(view: View): Promise<void> {
    for (const name of await this.followed.names(view)) {
      try {
        const mount = await this.followed.mount(view, name, view.hasTurn);
        if (mount !== undefined) await this.incoming.update(mount, view);
      } catch (error) {
        if (!isOfOthers(error)) throw error;
      }
    }
  }

  /**
   * The names of the directories below a path of which something is shared with the account, at any depth: what was taken in of that, which may be gone meanwhile.
   *
   * @internal
   */
  async mirrored(view: View, names: readonly string[]): Promise<readonly string[]> {
    let directory: MirrorDirectory | undefined = await this.mirror(view, () => void this.incoming.rebuild());
    for (const name of names) directory = await directory?.child(name);
    return directory === undefined ? [] : directory.directories();
  }

  /** Everything in the mirror of somebody whom the account has not blocked, whether it can be opened or not. */
  async *shared(view: View): AsyncGenerator<SharedItem, void, undefined> {
    await this.update(view);
    const mirror = await this.mirror(view, () => void this.incoming.rebuild());
    for (const owner of await mirror.directories()) {
      if (!isFriendName(owner) || owner === this.space.username) continue;
      let mount: Reached | undefined;
      try {
        mount = await this.reach(view, owner);
      } catch (error) {
        if (!isOfOthers(error)) throw error;
        continue;
      }
      const top = await mirror.child(owner);
      if (mount === undefined || top === undefined) continue;
      const open = [top];
      for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
        const children = [...(await directory.items()).children.values()];
        for (const { name, sharers, capability } of children) {
          const names = [...directory.names, name];
          if (isGroupDirectory(names, owner)) continue;
          const found = await this.openWhole(view, mount, owner, name, capability);
          // What leads nowhere was deleted, or is shared no more.
          if (found === undefined || (found instanceof PyrgosError && found.code === 'not-found.file')) continue;
          yield { names, sharers, access: capability.isWritable ? 'write' : 'read', found };
        }
        for (const name of await directory.directories()) {
          const below = await directory.child(name);
          if (below !== undefined) open.push(below);
        }
      }
    }
  }

  /**
   * How somebody's things can be reached: in his own space, or by what others pass on of somebody whom the account does not follow. Undefined when they
   * cannot be.
   */
  private async reach(view: View, owner: string): Promise<Reached | undefined> {
    if (!isFriendName(owner) || owner === this.space.username) return undefined;
    const relation = await this.followed.relation(view, owner);
    if (relation === 'blocked') return undefined;
    if (relation === 'none') return 'passed on';
    return this.followed.mount(view, owner, view.hasTurn);
  }

  /** What `look` finds in the mirror; where that turns out to be damaged it is made anew once, and looked at once more. */
  private async inMirror<T>(view: View, mount: Reached, look: (mirror: MirrorDirectory) => Promise<T>): Promise<T> {
    const update = async (): Promise<void> => {
      if (mount !== 'passed on' && !view.hasTurn) await this.incoming.update(mount, view);
    };
    await update();
    let isDamaged = false;
    const found = await look(await this.mirror(view, () => (isDamaged = true)));
    if (!isDamaged || view.hasTurn || !this.incoming.rebuild()) return found;
    await update();
    return look(await this.mirror(view, () => undefined));
  }

  private async mirror(view: View, onDamage: () => void): Promise<MirrorDirectory> {
    // Not the view of the caller, which may have met the home directory before something new was stored there.
    const own = new CommittedView(this.space.account.sessions, { signal: view.signal, waitForCreation: false });
    return openMirror({ view: own, others: view, onDamage }, await this.space.home(own), this.incoming.pending);
  }

  /** Section 9.5; `names`: what is left of the path below the directory. */
  private async look(view: View, mount: Reached, directory: MirrorDirectory, names: readonly string[]): Promise<Item | undefined> {
    const [name, ...rest] = names;
    if (name === undefined) return this.anyParent(view, mount, directory);
    const child = (await directory.items()).children.get(name);
    const owner = directory.names[0] ?? '';
    const opened = child === undefined ? undefined : await this.openFor(view, mount, owner, child.capability);
    const item = opened?.item === undefined ? undefined : underName(opened.item, name);
    if (item?.isWritable === true) return findPath(view, item, rest.join('/'));
    const below = await directory.child(name);
    if (item === undefined) {
      const found = below === undefined ? undefined : await this.look(view, mount, below, rest);
      // That it is damaged is known better than that there is nothing.
      if (found === undefined && opened?.error !== undefined && opened.error.code !== 'not-found.file') throw opened.error;
      return found;
    }
    if (rest.length === 0) return item;
    const deeper = below === undefined ? undefined : await this.look(view, mount, below, rest);
    if (deeper?.isWritable !== true)
      return (await findPath(view, item, rest.join('/'))) ?? (deeper?.isReadable === true ? deeper : undefined);
    // What is shared further down may have been given another name since, and something else its old one.
    const listed = await findPath(view, item, rest.join('/'));
    return listed === undefined || placeKey(listed.capability) === placeKey(deeper.capability) ? deeper : listed;
  }

  /** A directory of which only something below is shared: what whoever has that may see of it. */
  private async anyParent(view: View, mount: Reached, directory: MirrorDirectory): Promise<Item | undefined> {
    const name = directory.names.at(-1) ?? '';
    const { children } = await directory.items();
    for await (const { opened } of this.openAll(view, mount, directory.names[0] ?? '', [...children.values()])) {
      const parent = opened.item === undefined ? undefined : await above(view, opened.item);
      if (parent?.isDirectory === true) return underName(parent, name);
    }
    for (const inner of await directory.directories()) {
      const below = await directory.child(inner);
      const found = below === undefined ? undefined : await this.anyParent(view, mount, below);
      const parent = found === undefined ? undefined : await above(view, found);
      if (parent?.isDirectory === true) return underName(parent, name);
    }
    return undefined;
  }

  /** What the mirror has in a directory: what is shared of it, and directories of which something further down is. */
  private async *listMirror(view: View, mount: Reached, directory: MirrorDirectory): AsyncGenerator<Item | DamagedChild, void, undefined> {
    const { children } = await directory.items();
    const seen = new Set<string>();
    const damaged = new Map<string, PyrgosError>();
    for await (const { name, opened } of this.openAll(view, mount, directory.names[0] ?? '', [...children.values()])) {
      if (opened.item !== undefined) {
        seen.add(name);
        yield underName(opened.item, name);
      } else if (opened.error.code !== 'not-found.file') damaged.set(name, opened.error);
    }
    for (const name of await directory.directories()) {
      const below = seen.has(name) ? undefined : await directory.child(name);
      const found = below === undefined ? undefined : await this.anyParent(view, mount, below);
      if (found === undefined) continue;
      damaged.delete(name);
      yield found;
    }
    for (const [name, error] of damaged) yield { isDangling: true, name, error };
  }

  /** What a directory lists that is shared as a whole, where something of it is shared for writing. */
  private async *listBoth(
    view: View,
    mount: Reached,
    item: Item,
    directory: MirrorDirectory,
  ): AsyncGenerator<Item | DamagedChild, void, undefined> {
    const { children } = await directory.items();
    for await (const child of listChildren(view, item)) {
      if (child.isDangling) {
        yield { isDangling: true, name: child.name ?? '', error: child.error };
        continue;
      }
      const own = children.get(child.name);
      const isSame = own !== undefined && own.capability.isWritable && placeKey(own.capability) === placeKey(child.capability);
      const opened = isSame ? await this.openFor(view, mount, directory.names[0] ?? '', own.capability) : undefined;
      yield opened?.item === undefined ? child : underName(opened.item, child.name);
    }
  }

  private async *openAll(
    view: View,
    mount: Reached,
    owner: string,
    children: readonly { readonly name: string; readonly capability: AbsoluteCapability }[],
  ): AsyncGenerator<{ readonly name: string; readonly opened: Opened }, void, undefined> {
    const wanted: { readonly name: string; readonly capability: AbsoluteCapability }[] = [];
    for (const { name, capability } of children) {
      const current = await this.current(view, mount, owner, capability);
      if (current !== undefined) wanted.push({ name, capability: current });
    }
    let index = 0;
    const capabilities = wanted.map(({ capability }) => capability);
    for await (const opened of openCapabilities(view, capabilities)) {
      const { name = '' } = wanted[index++] ?? {};
      yield { name, opened };
    }
  }

  private async openWhole(
    view: View,
    mount: Reached,
    owner: string,
    name: string,
    capability: AbsoluteCapability,
  ): Promise<Item | PyrgosError | undefined> {
    try {
      const opened = await this.openFor(view, mount, owner, capability);
      return opened?.item === undefined ? opened?.error : underName(opened.item, name);
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      return error;
    }
  }

  private async openFor(view: View, mount: Reached, owner: string, capability: AbsoluteCapability): Promise<Opened | undefined> {
    const current = await this.current(view, mount, owner, capability);
    return current === undefined ? undefined : openOne(view, current);
  }

  /**
   * A capability from the mirror as it holds now: the owner may have another identity. Undefined when it is not the owner's: other programs may have stored what
   * they did not check.
   */
  private async current(
    view: View,
    mount: Reached,
    owner: string,
    capability: AbsoluteCapability,
  ): Promise<AbsoluteCapability | undefined> {
    if (mount !== 'passed on' && capability.owner.equals(mount.owner)) return capability;
    const { owners } = this;
    // To ask for a name may note it in the account.
    const name = view.hasTurn ? owners.knownName(capability.owner) : await owners.nameOf(capability.owner);
    if (name !== owner) return undefined;
    return mount === 'passed on' ? capability : capability.withOwner(mount.owner);
  }
}

/** How somebody's things are reached: in a space that is followed, or by what others pass on of it. */
type Reached = Mount | 'passed on';

/** An item under the name by which it was shared: its owner may have given it another one since. */
function underName(item: Item, name: string): Item {
  if (item.name === name) return item;
  const { capability, cid, node, opened, properties, links, signer, entry } = item;
  return new Item({ capability, cid, node, opened, properties: properties.with({ name }), links, signer, entry });
}

async function above(view: View, item: Item): Promise<Item | undefined> {
  try {
    return await parentOf(view, item);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** Whether an error may be about one of those who share, and not about the account and this call. */
export function isOfOthers(error: unknown): error is PyrgosError {
  return error instanceof PyrgosError && error.code !== 'aborted' && error.code !== 'denied.session';
}

async function* none(): AsyncGenerator<never, void, undefined> {
  // A directory in which nothing is shared.
}
