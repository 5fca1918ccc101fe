import { ArgumentError, DeniedError, type PyrgosError } from '@pyrgos/core/errors';
import { GroupName, type Groups, type LinkProperties, type SharedAccess, type SharedWith } from '@pyrgos/core/social';
import { FileEntry } from '../files/file-entry.js';
import type { FileTree } from '../files/file-tree.js';
import { type Located, formatPath } from '../files/file-tree.js';
import { LeftOut } from '../files/left-out.js';
import type { LeftOutOptions } from '../files/left-out-options.js';
import { namingPath } from '../files/naming-path.js';
import type { OtherRoots } from '../files/other-roots.js';
import { type CommittedView, Item, type OperationView, splitPath, type View } from '../files/view/index.js';
import type { CallOptions } from '../session/call-options.js';
import { onlyForward, type ProgressListener } from '../waiting/progress.js';
import { giveCapabilities, unknownRecipient } from './capability-store.js';
import { readFollowers } from './followers.js';
import { getOrMakeGroups, hasRecipient, readGroups } from './groups.js';
import { reserveRotation, rotateItem } from './item-rotation.js';
import type { OwnSpace } from './own-space.js';
import { assertRecipients, type Group, namesGroup, type Recipient, recipientOf, recordedName } from './recipients.js';
import { recordsOf, relyOnNotes, resend } from './resend.js';
import { changeRecord, readRecord, recordsBelow } from './share-records.js';
import { followedEntries, readBlocked, readFriendEntries } from './social-lists.js';

/** How something is shared. */
export interface ShareOptions extends CallOptions, Pick<LeftOutOptions, 'onLeftOut'> {
  /** `write`: those with whom it is shared can change it, and all below it. Default `read`. */
  readonly access?: SharedAccess | undefined;
  /** Told how many files and directories have got new keys, when that is needed. */
  readonly onProgress?: ProgressListener | undefined;
}

/** How sharing ends. */
export interface UnshareOptions extends CallOptions, LeftOutOptions {
  /** Only this access; default: all that they have. */
  readonly access?: SharedAccess | undefined;
  /** Told how many files and directories have got new keys. */
  readonly onProgress?: ProgressListener | undefined;
}

/** With whom a file or directory is shared. */
export interface ItemShares {
  readonly path: string;
  readonly readers: readonly Recipient[];
  readonly writers: readonly Recipient[];
  /** Its secret links. */
  readonly links: readonly LinkProperties[];
}

/** Something that others share with the account: the file or directory as it is now, or what is wrong with it. */
export interface ReceivedShare {
  /** `/<owner>/…`, as calls of {@link FileSystem} take it; the name is the one that it had when it was received. */
  readonly path: string;
  /** Whose it is. */
  readonly owner: string;
  /** Who has shared it: usually the owner. */
  readonly sharers: readonly string[];
  readonly access: SharedAccess;
  readonly entry?: FileEntry | undefined;
  readonly error?: PyrgosError | undefined;
}

/**
 * What the account shares with other users (chapter 06 sections 8 and 10). Everybody who is to keep access gets the new keys in the same commit that locks
 * others out.
 *
 * Errors of all calls: those of {@link FileSystem}; NotFoundError `not-found.recipient` for somebody who does not follow the account; DeniedError `denied.file` for what
 * belongs to somebody else, where that matters.
 */
export class Shares {
  /** `others`: what other users share with the account. */
  constructor(
    private readonly space: OwnSpace,
    private readonly others?: OtherRoots | undefined,
  ) {}

  /**
   * Shares a file or directory, with all that is and will be below it, with users who follow the account and with groups. For writing it gets a writing
   * space of its own, and with that new keys, which everybody receives with whom it is shared already. Reading can be passed on of what others share.
   */
  async share(path: string, recipients: readonly Recipient[], options: ShareOptions = {}): Promise<void> {
    const { signal, access = 'read' } = this.space.check(options);
    const names = this.sharable(path);
    assertAccess(access);
    assertRecipients(recipients, this.space.username);
    if (access === 'write') return this.shareForWriting(names, recipients, options);
    if (recipients.length === 0) return;
    await this.space.change(
      signal,
      async (view, home) => {
        await this.requireRecipients(view, home, recipients);
        const located = await this.locate(view, names);
        // New keys that another device gives it meanwhile must not be missed. What is somebody else's is in other writing spaces.
        return { item: located.item, paths: names[0] === this.space.username ? [located] : [] };
      },
      async (operation, home, { item }) => {
        const uids = await this.uidsOf(operation, home, recipients);
        await operation.committer.withoutFlush(async () => this.give(operation, home, names, item, 'read', uids));
      },
    );
  }

  /**
   * Ends sharing of a file or directory with users and groups: it gets new keys and places with all that is below it, which everybody else receives who
   * has access, and its links are stored anew. Who is no longer to have access finds nothing of it any more; what he has read before he may have kept. A group
   * takes along those of its members with whom it is shared one by one (chapter 06 section 6). Resolves to whether there was anything to end.
   */
  async unshare(path: string, recipients: readonly Recipient[], options: UnshareOptions = {}): Promise<boolean> {
    const { access } = this.space.check(options);
    const names = this.sharable(path);
    if (access !== undefined) assertAccess(access);
    assertRecipients(recipients, this.space.username);
    return this.unshareNames(names, async (view, home) => this.expand(view, home, names, recipients), options);
  }

  /**
   * {@link Shares.unshare} of names as they are recorded: `namesOf` looks them up in what is committed. `always`: the access that ends even if nobody of them is
   * recorded, because they have it as members of a group that keeps it.
   *
   * @internal
   */
  async unshareNames(
    names: readonly string[],
    namesOf: (view: View, home: Item) => Promise<ReadonlySet<string>>,
    options: UnshareOptions & { readonly always?: ReadonlySet<SharedAccess> | undefined },
  ): Promise<boolean> {
    const { signal, access, onProgress, always = new Set() } = options;
    this.requireOwn(names);
    const leftOut = new LeftOut(options);
    const directory = names.slice(0, -1);
    const name = names.at(-1) ?? '';
    const forward = onlyForward(onProgress);
    const unshare = async (): Promise<boolean> =>
      this.space.change(
        signal,
        async (view, home) => {
          const child = await reserveRotation(this.space, view, home, names);
          const gone = await namesOf(view, home);
          const shared = (await readRecord(view, home, directory)).get(name);
          const has = (kind: SharedAccess, recorded: ReadonlySet<string>): boolean =>
            (access ?? kind) === kind && (always.has(kind) || [...gone].some((one) => recorded.has(one)));
          return { ...child, gone, ends: { read: has('read', shared.readers), write: has('write', shared.writers) } };
        },
        async (operation, home, { parent, item, gone, ends }) => {
          if (!ends.read && !ends.write) return false;
          await relyOnNotes(operation, this.space, names.slice(0, -1), names.slice(-1));
          await rotateItem(
            operation,
            this.space,
            names,
            { parent, item },
            { ...leftOut.attempt(), rotateSigner: ends.write, onProgress: forward },
            async (rotated) => {
              await changeRecord(operation, this.space, home, directory, (state) => {
                const after = ends.read ? state.unshare(name, 'read', gone) : state;
                return ends.write ? after.unshare(name, 'write', gone) : after;
              });
              await resend(operation, this.space, home, names, rotated);
            },
          );
          return true;
        },
      );
    const isEnded = await namingPath(formatPath(names), unshare);
    leftOut.tell();
    return isEnded;
  }

  /** With whom a file or directory is shared, and its links. It need not exist any more. */
  async sharedWith(path: string, options: CallOptions = {}): Promise<ItemShares> {
    const { signal } = this.space.check(options);
    const names = splitPath(path);
    if (names.length < 2) return { path: formatPath(names), readers: [], writers: [], links: [] };
    return this.space.look(signal, async (view, home) => {
      const [state, groups] = await Promise.all([readRecord(view, home, names.slice(0, -1)), readGroups(view, home)]);
      return describe(names, state.get(names.at(-1) ?? ''), groups);
    });
  }

  /** Everything that the account shares or has links of, at or below a path; by default all, also what it passes on of others. */
  async *list(path = '/', options: CallOptions = {}): AsyncGenerator<ItemShares, void, undefined> {
    const { signal } = this.space.check(options);
    const names = splitPath(path);
    const found = await this.space.look(signal, async (view, home) => {
      const groups = await readGroups(view, home);
      const records: ItemShares[] = [];
      if (names.length > 1) {
        for await (const { directory, name, shared } of recordsOf(view, home, names)) {
          records.push(describe([...directory, name], shared, groups));
        }
        return records;
      }
      // What is damaged of the records must not hide the others.
      for await (const { directory, state } of recordsBelow(view, home, names, () => undefined)) {
        // Who belongs to which group is recorded here, too.
        if (directory.length === 2 && directory[0] === this.space.username && directory[1] === 'shared') continue;
        for (const name of state.items) records.push(describe([...directory, name], state.get(name), groups));
      }
      return records;
    });
    yield* found;
  }

  /**
   * Everything that other users share with the account, in no particular order: what they share with groups of theirs, too, and what they pass on of
   * others. What was deleted, or is not shared any more, is left out; of what is damaged, or whose server is away, comes what is wrong with it.
   */
  async *received(options: CallOptions = {}): AsyncGenerator<ReceivedShare, void, undefined> {
    const { signal } = this.space.check(options);
    if (this.others === undefined) return;
    for await (const { names, sharers, access, found } of this.others.shared(this.tree.view(signal, true))) {
      const path = formatPath(names);
      const share = { path, owner: names[0] ?? '', sharers, access };
      yield found instanceof Item ? { ...share, entry: new FileEntry(path, found) } : { ...share, error: found };
    }
  }

  private async shareForWriting(names: readonly string[], recipients: readonly Recipient[], options: ShareOptions): Promise<void> {
    const { signal, onProgress } = options;
    this.requireOwn(names);
    const leftOut = new LeftOut({ onLeftOut: options.onLeftOut });
    const forward = onlyForward(onProgress);
    await this.space.change(
      signal,
      async (view, home) => {
        await this.requireRecipients(view, home, recipients);
        return reserveRotation(this.space, view, home, names);
      },
      async (operation, home, { parent, item }) => {
        const uids = await this.uidsOf(operation, home, recipients);
        // A link for writing needs the link node, which other programs leave out after they have ended a share for reading (section 10.4).
        const lacksLinkNode = recipients.length === 0 && item.link === undefined;
        if (!item.writer.equals(parent.writer) && !lacksLinkNode) {
          await operation.committer.withoutFlush(async () => this.give(operation, home, names, item, 'write', uids));
          return;
        }
        await relyOnNotes(operation, this.space, names.slice(0, -1), names.slice(-1));
        await rotateItem(
          operation,
          this.space,
          names,
          { parent, item },
          { ...leftOut.attempt(), rotateSigner: true, onProgress: forward },
          async (rotated) => {
            await changeRecord(operation, this.space, home, names.slice(0, -1), (state) =>
              uids.length === 0 ? state : state.share(names.at(-1) ?? '', 'write', uids),
            );
            await resend(operation, this.space, home, names, rotated);
          },
        );
      },
    );
    leftOut.tell();
  }

  /** Appends what somebody may do to the directories of the recipients, and records it. */
  private async give(
    operation: OperationView,
    home: Item,
    names: readonly string[],
    item: Item,
    access: SharedAccess,
    uids: readonly string[],
  ): Promise<void> {
    if (uids.length === 0) return;
    for (const uid of uids) await giveCapabilities(operation, this.space, home, uid, access, [item.capability]);
    await changeRecord(operation, this.space, home, names.slice(0, -1), (state) => state.share(names.at(-1) ?? '', access, uids));
  }

  private async locate(view: CommittedView, names: readonly string[]): Promise<Located> {
    const located = await this.tree.locate(view, formatPath(names));
    if (!located.item.isReadable) throw new DeniedError('denied.file', 'You cannot pass on what you cannot read.');
    return located;
  }

  private get tree(): FileTree {
    return this.space.tree;
  }

  /** The names of a path that may be shared at all. */
  private sharable(path: string): readonly string[] {
    const names = splitPath(path);
    if (names.length < 2)
      throw new ArgumentError('path', 'must be below a home directory: those cannot be shared as a whole', { reason: 'home' });
    return names;
  }

  private requireOwn([owner]: readonly string[]): void {
    if (owner === this.space.username) return;
    throw new DeniedError('denied.file', 'Only the owner decides who may change this, and who may no longer read it.');
  }

  private async requireRecipients(view: View, home: Item, recipients: readonly Recipient[]): Promise<void> {
    for (const recipient of recipients) {
      if ('user' in recipient && !(await hasRecipient(view, home, recipient.user))) throw unknownRecipient(recipient.user);
    }
  }

  private async uidsOf(operation: OperationView, home: Item, recipients: readonly Recipient[]): Promise<readonly string[]> {
    const groups = namesGroup(recipients) ? await getOrMakeGroups(operation, this.space, home) : undefined;
    return recipients.map((recipient) => {
      const uid = recordedName(recipient, groups);
      if (uid === undefined) throw unknownRecipient('group' in recipient ? recipient.group : recipient.user);
      return uid;
    });
  }

  /** The names under which recipients are recorded, those included that a group takes along (chapter 06 section 6). */
  private async expand(view: View, home: Item, names: readonly string[], recipients: readonly Recipient[]): Promise<ReadonlySet<string>> {
    const groups = await readGroups(view, home);
    const gone = new Set(recipients.flatMap((recipient) => recordedName(recipient, groups) ?? []));
    const isNamed = (group: Group): boolean => recipients.some((recipient) => 'group' in recipient && recipient.group === group);
    if (!namesGroup(recipients)) return gone;
    const { readers, writers } = (await readRecord(view, home, names.slice(0, -1))).get(names.at(-1) ?? '');
    const listed = new Set([...readers, ...writers]);
    const followers = await readFollowers(view, home);
    if (isNamed(GroupName.followers)) {
      for (const name of listed) if (followers.has(name)) gone.add(name);
      const friends = groups?.uidOf(GroupName.friends);
      if (friends !== undefined && listed.has(friends)) gone.add(friends);
    } else {
      const followed = followedEntries(await readFriendEntries(view, home), await readBlocked(view, home));
      for (const name of listed) if (followers.has(name) && followed.has(name)) gone.add(name);
    }
    return gone;
  }
}

function describe(names: readonly string[], { readers, writers, links }: SharedWith, groups: Groups | undefined): ItemShares {
  const known = (recorded: ReadonlySet<string>): readonly Recipient[] => [...recorded].flatMap((name) => recipientOf(name, groups) ?? []);
  return { path: formatPath(names), readers: known(readers), writers: known(writers), links };
}

function assertAccess(access: unknown): void {
  if (access !== 'read' && access !== 'write') throw new ArgumentError('options.access', 'must be read or write');
}
