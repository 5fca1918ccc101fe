import { toHex } from '@pyrgos/core/bytes';
import { mediaFileName, mediaFolder, mirrorPlace } from '@pyrgos/core/chat';
import { Multihash } from '@pyrgos/core/codec';
import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_CHAT_CHECKED_SIZE, MAX_CHAT_MIRROR_QUOTA } from '@pyrgos/core/limits';
import { FileRef, generatePostName } from '@pyrgos/core/social';
import { openSource } from '../files/content/byte-source.js';
import type { ByteSource } from '../files/content/index.js';
import type { FileSystem } from '../files/file-system.js';
import { formatPath } from '../files/file-tree.js';
import { copyItem, type CopySource } from '../files/structure/index.js';
import { type CommittedView, FileReader, findPath, type Item, openItem, splitPath, type View } from '../files/view/index.js';
import type { CallOptions } from '../session/call-options.js';
import { isOfOthers } from '../social/friend-spaces.js';
import { directoryAt, makeDirectoryAt, writeFileIn } from '../social/own-files.js';
import { isGone } from '../social/own-space.js';
import { contentHash } from '../social/post-file.js';
import { onlyForward, type Progress, type ProgressListener } from '../waiting/progress.js';
import { ChatFile, findOwnChat } from './chat-files.js';
import type { ChatMirrors } from './chat-mirrors.js';
import { activeMembers } from './chat-summaries.js';
import type { ChatStore } from './chat-store.js';
import type { ChatAttachment, NewAttachment, OpenedChatAttachment } from './chat-types.js';
import { MediaAttempts } from './media-attempts.js';
import { PendingMedia } from './pending-media.js';
import { Postponed, ReadBudget } from './read-budget.js';
import { MESSAGING, SHARED } from './shared-chat.js';
import { leavesReserve, type SpaceReserve } from './space-reserve.js';

const MEDIA = 'media';
/** Own copies of which it is known whether they are what they should be. */
const MAX_CHECKED = 4096;
/** The folder below that of the media for copies that cannot be where the path of the message says; their names are their hashes. */
const BY_HASH = 'pyrgos';
/** Names below the media folder that a copy of other clients has: year, month, and its own. */
const DEPTH = 3;

/** What copying has come to. */
export interface MirrorOutcome {
  readonly bytes: number;
  /** Whether there are more that can be copied now. */
  readonly hasMore: boolean;
}

interface OwnCopy {
  readonly item: Item;
  readonly path: string;
}

/** What is to be done about a file that waits: it is copied from a source, or need not be. */
interface MirrorPlan {
  /** Taken from others for it. */
  readonly bytes: number;
  /** Where there is, or will be, a copy. */
  readonly place: readonly string[] | undefined;
  readonly source: CopySource | undefined;
}

const NOTHING: MirrorPlan = { bytes: 0, place: undefined, source: undefined };

/** The files that messages of chats show (chapter 07 section 8). */
export class ChatMedia {
  private readonly attempts = new MediaAttempts();
  /** The hashes of own copies, by their versions. */
  private readonly hashes = new Map<string, Multihash>();

  constructor(
    private readonly store: ChatStore,
    private readonly mirrors: ChatMirrors,
    private readonly files: FileSystem,
    private readonly reserve: SpaceReserve,
  ) {}

  /** Uploads the files of a message (section 8.1); those that are there already when one fails are taken back. */
  async upload(
    id: string,
    attachments: readonly NewAttachment[],
    { signal, onProgress }: CallOptions & { readonly onProgress?: ProgressListener | undefined },
  ): Promise<readonly FileRef[]> {
    const refs: FileRef[] = [];
    const progress = onlyForward(onProgress);
    let done = 0;
    try {
      for (const { source, name, mimeType } of attachments) {
        let size = 0;
        const told = (one: Progress): void => {
          size = one.done;
          progress?.({ done: done + size, total: undefined, unit: 'bytes', items: refs.length });
        };
        refs.push(await this.uploadOne(id, source, name, mimeType, { signal, onProgress: told }));
        done += size;
      }
    } catch (error) {
      await this.discard(refs);
      throw error;
    }
    return refs;
  }

  /** Takes back files of a message that has not come about. Not cancelled: it is part of refusing; what cannot be deleted now stays. */
  async discard(refs: readonly FileRef[]): Promise<void> {
    for (const { path } of refs) {
      try {
        await this.files.remove(`/${path}`);
      } catch (error) {
        if (!(error instanceof PyrgosError)) throw error;
      }
    }
  }

  /**
   * Copies attachments of others that wait for it into the own space (section 8.3), until so many bytes are read; larger files than are left of these are passed over. What is not to be had is, too; what
   * cannot be copied now, without room or connection, waits. With a budget nobody who cannot be reached is waited for twice.
   */
  async mirror(id: string, signal: AbortSignal | undefined, budget: number): Promise<MirrorOutcome> {
    let bytes = 0;
    let hasMore = false;
    const now = this.store.space.account.clock.now();
    let view: CommittedView | undefined;
    const pending = await this.store.look(id, signal, async (view, chat) => PendingMedia.read(view, chat.mediaFile));
    for (const ref of pending.inTurns()) {
      if (!this.attempts.isDue(id, ref, now)) continue;
      if (bytes >= budget) return { bytes, hasMore: true };
      const author = pending.authorOf(ref) ?? '';
      const spent = new ReadBudget(budget - bytes, this.attempts.wastedOf(id, author));
      try {
        view ??= this.store.space.tree.view(signal, true);
        await this.mirrorOne(view, id, ref, spent);
        this.attempts.noteDone(id, ref);
      } catch (error) {
        if (error instanceof Postponed) {
          hasMore = true;
          continue;
        }
        if (!isOfOthers(error)) throw error;
        const isAway = error.code === 'network';
        this.attempts.noteFailed(id, ref, { now, isAway });
        this.attempts.noteWasted(id, author, spent.bytes);
        if (isAway && budget !== Infinity) return { bytes: bytes + spent.bytes, hasMore: true };
      } finally {
        bytes += spent.bytes;
      }
    }
    return { bytes, hasMore };
  }

  /**
   * A file that a message shows, for reading: the own copy when it has the hash that the message names, or else what its author has (section 8.4). `path`: where the own copy is. NotFoundError
   * `not-found.file` when nobody has it any more.
   */
  async open(
    id: string,
    { path, capability, hash }: Pick<ChatAttachment, 'path' | 'capability' | 'hash'>,
    signal: AbortSignal | undefined,
  ): Promise<OpenedChatAttachment> {
    const ref = FileRef.of(path, capability, hash);
    const look = async (view: View): Promise<OpenedChatAttachment> => {
      const { item, path } = await this.find(view, id, ref);
      return { reader: new FileReader(view, item), mimeType: item.properties.mimeType, path };
    };
    const { space } = this.store;
    try {
      return await space.look(signal, look);
    } catch (error) {
      if (!isGone(error)) throw error;
      return space.look(signal, look, true);
    }
  }

  /** SHA-256 of files that are to be sent, where they can be read more than once. */
  async hashesOf(attachments: readonly NewAttachment[], signal: AbortSignal | undefined): Promise<readonly (Multihash | undefined)[]> {
    const hashes: (Multihash | undefined)[] = [];
    for (const { source } of attachments) hashes.push(openSource(source).isRepeatable ? await this.hashOf(source, signal) : undefined);
    return hashes;
  }

  private async find(view: View, id: string, ref: FileRef): Promise<{ readonly item: Item; readonly path: string | undefined }> {
    const copies = await this.copiesOf(view, id, ref);
    const original = async (): Promise<Item> => (await openItem(view, ref.capability)).requireFile();
    const isSmall = ({ item }: OwnCopy): boolean => item.properties.size <= MAX_CHAT_CHECKED_SIZE || this.isKnown(item, ref);
    for (const copy of copies.filter(isSmall)) if (await this.isRight(view, copy.item, ref)) return copy;
    const large = copies.filter((copy) => !isSmall(copy));
    if (large.length === 0) return { item: await original(), path: undefined };
    try {
      // All of a large copy would have to be read before the first byte of it.
      return { item: await original(), path: undefined };
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      for (const copy of large) if (await this.isRight(view, copy.item, ref)) return copy;
      throw error;
    }
  }

  /** The files that may be the own copy of what a message shows. */
  private async copiesOf(view: View, id: string, ref: FileRef): Promise<readonly OwnCopy[]> {
    const place = mirrorPlace(ref, id);
    if (place === undefined) return [];
    const copies: OwnCopy[] = [];
    const add = async (names: readonly string[]): Promise<void> => {
      const item = await this.ownFile(view, id, names);
      const path = formatPath([this.store.space.username, MESSAGING, id, SHARED, MEDIA, ...names]);
      if (item !== undefined) copies.push({ item, path });
    };
    await add(place.names);
    if (place.owner === this.store.space.username) return copies;
    if (copies[0] !== undefined && this.isKnown(copies[0].item, ref)) return copies;
    const chat = await findOwnChat(view, await this.store.space.home(view), id);
    const noted = chat === undefined ? undefined : (await PendingMedia.read(view, chat.mediaFile)).placeOf(ref);
    if (noted !== undefined && noted.join('/') !== place.names.join('/')) await add(noted);
    else await add(byHash(ref));
    return copies;
  }

  private async ownFile(view: View, id: string, names: readonly string[]): Promise<Item | undefined> {
    const home = await this.store.space.home(view);
    const found = await findPath(view, home, [MESSAGING, id, SHARED, MEDIA, ...names].join('/'));
    return found?.isDirectory === false ? found : undefined;
  }

  /** Whether it was found before that an own copy is what a message shows. */
  private isKnown(item: Item, ref: FileRef): boolean {
    return this.hashes.get(item.cid.key)?.equals(ref.contentHash) === true;
  }

  /** Whether an own file is what a message shows. It is read for that, piece by piece, and once. */
  private async isRight(view: View, item: Item, ref: FileRef): Promise<boolean> {
    // The account has sent it: it is the file itself.
    if (item.capability.toReadOnly().equals(ref.capability)) return true;
    const hash = this.hashes.get(item.cid.key) ?? (await contentHash(view, item));
    this.noteHash(item, hash);
    return hash.equals(ref.contentHash);
  }

  private noteHash(item: Item, hash: Multihash): void {
    if (this.hashes.size >= MAX_CHECKED) this.hashes.clear();
    this.hashes.set(item.cid.key, hash);
  }

  private async uploadOne(
    id: string,
    source: ByteSource,
    name: string,
    mimeType: string | undefined,
    options: CallOptions & { readonly onProgress: ProgressListener },
  ): Promise<FileRef> {
    const { signal } = options;
    const { space } = this.store;
    const { username, account } = space;
    const folder = [username, MESSAGING, id, SHARED, MEDIA, ...mediaFolder(account.clock.now())];
    const path = formatPath([...folder, mediaFileName(generatePostName(account.crypto), name)]);
    const opened = openSource(source);
    // What can be read twice is hashed here; what comes once is read back.
    let hash = opened.isRepeatable ? await this.hashOf(source, signal) : undefined;
    await this.files.makeDirectory(formatPath(folder), { parents: true, isHidden: true, signal });
    await this.files.write(path, source, { ...options, ...(mimeType === undefined ? {} : { mimeType }) });
    return space.look(signal, async (view) => {
      const item = await space.tree.find(view, splitPath(path));
      if (item === undefined) throw new NotFoundError('not-found.file', 'What the message is to show was deleted meanwhile.', { path });
      hash ??= await contentHash(view, item);
      return FileRef.of(path.slice(1), item.capability.toReadOnly(), hash);
    });
  }

  private async hashOf(source: ByteSource, signal: AbortSignal | undefined): Promise<Multihash> {
    const hash = this.store.space.account.crypto.createSha256();
    for await (const piece of openSource(source).open(0, signal ?? new AbortController().signal)) hash.update(piece);
    return Multihash.sha256(hash.digest());
  }

  /** Copies one file, and notes in the same commit that it need not be copied any more. */
  private async mirrorOne(others: CommittedView, id: string, ref: FileRef, spent: ReadBudget): Promise<void> {
    const { space } = this.store;
    const plan = await this.planFor(others, id, ref, spent);
    await space.change(
      others.signal,
      async (view, home) => {
        const chat = await findOwnChat(view, home, id);
        const media = chat === undefined ? undefined : await PendingMedia.read(view, chat.mediaFile);
        return { writers: chat === undefined ? [] : [chat.root.writer, chat.shared.writer], chat, media };
      },
      async (operation, _home, { chat, media }) => {
        if (chat === undefined || media?.has(ref) !== true) return;
        const { bytes, place, source } = plan;
        const note = async (): Promise<void> => {
          await writeFileIn(operation, space, chat.root, ChatFile.media, media.without(ref, bytes, place).encode());
        };
        if (source === undefined || place === undefined) {
          await note();
          return;
        }
        const folder = await makeDirectoryAt(operation, space, chat.shared, [MEDIA, ...place.slice(0, -1)], { isHidden: false });
        const copy = await copyItem(operation, space.ports, source, folder, { name: place.at(-1) ?? '', alsoCommit: note });
        this.noteHash(copy, ref.contentHash);
        this.reserve.noteStored(bytes);
      },
    );
  }

  /** What is to be done about a file that waits. Where another file is in the place of its copy, the copy goes where its hash says. */
  private async planFor(others: CommittedView, id: string, ref: FileRef, spent: ReadBudget): Promise<MirrorPlan> {
    const path = mirrorPlace(ref, id);
    if (path === undefined || path.owner === this.store.space.username) return NOTHING;
    const { media, place, isDone } = await this.store.look(id, others.signal, async (view, chat) => {
      const media = await PendingMedia.read(view, chat.mediaFile);
      const noted = media.placeOf(ref);
      if (noted !== undefined && (await this.ownFile(view, id, noted)) !== undefined) return { media, place: noted, isDone: true };
      for (const place of isPlain(path.names) ? [path.names, byHash(ref)] : [byHash(ref)]) {
        const item = await this.ownFile(view, id, place);
        if (item === undefined) return { media, place, isDone: false };
        if (!this.isKnown(item, ref)) spent.assertLeft(item.properties.size);
        if (await this.isRight(view, item, ref)) return { media, place, isDone: true };
      }
      return { media, place: undefined, isDone: true };
    });
    if (isDone) return { bytes: 0, place, source: undefined };
    const { source, bytes } = await this.findSource(others, id, ref, { names: path.names, media, spent });
    return { bytes, place: source === undefined ? undefined : place, source };
  }

  /** Where a file can be read now that has the right hash: at its author, or in the copy of somebody else. No source when nobody has it, or it is too large. */
  private async findSource(
    view: CommittedView,
    id: string,
    ref: FileRef,
    { names, media, spent }: { readonly names: readonly string[]; readonly media: PendingMedia; readonly spent: ReadBudget },
  ): Promise<{ readonly bytes: number; readonly source: CopySource | undefined }> {
    let bytes = 0;
    let away: PyrgosError | undefined;
    const isIt = async (item: Item): Promise<boolean> => {
      const { size } = item.properties;
      if (!media.allows(ref, bytes + size)) return false;
      if (!media.allows(ref, bytes + size, spent.wasted)) throw tooMuchInVain();
      await this.assertRoom(size, view.signal);
      spent.assertLeft(size);
      bytes += size;
      return (await contentHash(view, item, (read) => spent.note(read))).equals(ref.contentHash);
    };
    try {
      const item = (await openItem(view, ref.capability)).requireFile();
      if (await isIt(item)) return { bytes, source: { view, item } };
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      if (error.code === 'network' || error.code === 'quota') throw error;
    }
    const members = await this.store.look(id, view.signal, async (_, { state }) => activeMembers(state));
    for (const { username } of members) {
      if (!(await this.mirrors.isFollowed(view, username))) continue;
      const shared = await this.mirrors.find(view, username, id);
      if (shared === undefined || shared === 'away') continue;
      for (const place of [names, byHash(ref)]) {
        try {
          const folder = await directoryAt(view, shared, [MEDIA, ...place.slice(0, -1)]);
          const item = folder === undefined ? undefined : await findPath(view, folder, place.at(-1) ?? '');
          if (item?.isDirectory === false && item.isReadable && (await isIt(item))) return { bytes, source: { view, item } };
        } catch (error) {
          if (!isOfOthers(error) || error.code === 'quota') throw error;
          if (error.code === 'network') away = error;
        }
      }
    }
    if (away !== undefined) throw away;
    return { bytes, source: undefined };
  }

  /** PyrgosError `quota` when a file would take what is kept free for the account itself. Without an answer of the server nothing is known. */
  private async assertRoom(size: number, signal: AbortSignal | undefined): Promise<void> {
    const room = await this.reserve.room(signal);
    if (room === undefined || leavesReserve(size, room, MAX_CHAT_MIRROR_QUOTA)) return;
    const { used, quota } = room;
    throw new PyrgosError(
      'quota',
      'A file of a chat is not copied, to leave some space free. It can be opened as long as its author has it.',
      { data: { used, quota, size } },
    );
  }
}

/** So much of an author was read in vain that no more of their files is in this session. */
function tooMuchInVain(): PyrgosError {
  return new PyrgosError('quota', 'Files of this member could not be read to their ends too often.');
}

/** Whether a place is one that other clients give copies. A file in any other could be where a folder is to be. */
function isPlain(names: readonly string[]): boolean {
  return names.length === DEPTH && names[0] !== BY_HASH;
}

/** Where a copy is that cannot be in the place that its path says, below the media folder. */
function byHash({ contentHash: { digest } }: FileRef): readonly string[] {
  return [BY_HASH, toHex(digest)];
}
