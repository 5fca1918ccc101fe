import { mediaFileName, mediaFolder, mirrorPlace } from '@pyrgos/core/chat';
import { Multihash } from '@pyrgos/core/codec';
import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_CHAT_MIRROR_SIZE } from '@pyrgos/core/limits';
import { FileRef, generatePostName } from '@pyrgos/core/social';
import { openSource } from '../files/content/byte-source.js';
import type { ByteSource } from '../files/content/index.js';
import type { FileSystem } from '../files/file-system.js';
import { formatPath } from '../files/file-tree.js';
import { copyItem } from '../files/structure/index.js';
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
import type { ChatAttachment, NewAttachment } from './chat-types.js';
import { PendingMedia } from './pending-media.js';
import { MESSAGING, SHARED } from './shared-chat.js';

const MEDIA = 'media';
/** Milliseconds after which an attachment that could not be copied is tried again. */
const RETRY_AFTER = 600_000;

/** What copying has come to. */
export interface MirrorOutcome {
  readonly bytes: number;
  /** Whether there are more that can be copied now. */
  readonly hasMore: boolean;
}

/** The files that messages of chats show (chapter 07 section 8). */
export class ChatMedia {
  private readonly failed = new Map<string, number>();

  constructor(
    private readonly store: ChatStore,
    private readonly mirrors: ChatMirrors,
    private readonly files: FileSystem,
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
   * Copies attachments of others that wait for it into the own space (section 8.3), until so many bytes are copied. What is not to be had is passed over; what cannot be copied now, without room or
   * connection, waits.
   */
  async mirror(id: string, signal: AbortSignal | undefined, budget: number): Promise<MirrorOutcome> {
    let bytes = 0;
    const now = this.store.space.account.clock.now();
    let view: CommittedView | undefined;
    const pending = await this.store.look(id, signal, async (view, chat) => PendingMedia.read(view, chat.mediaFile));
    for (const ref of pending.refs) {
      if ((this.failed.get(ref.path) ?? 0) > now) continue;
      if (bytes >= budget) return { bytes, hasMore: true };
      try {
        view ??= this.store.space.tree.view(signal, true);
        bytes += await this.mirrorOne(view, id, ref);
      } catch (error) {
        if (!isOfOthers(error)) throw error;
        this.failed.set(ref.path, now + RETRY_AFTER);
      }
    }
    return { bytes, hasMore: false };
  }

  /** A file that a message shows, for reading: the own copy, or that of its author (section 8.4). NotFoundError `not-found.file` when nobody has it any more. */
  async open(
    id: string,
    { path, capability }: Pick<ChatAttachment, 'path' | 'capability' | 'hash'>,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly reader: FileReader; readonly mimeType: string }> {
    const place = mirrorPlace(FileRef.of(path, capability, NO_HASH), id);
    const look = async (view: View): Promise<{ readonly reader: FileReader; readonly mimeType: string }> => {
      const own = place === undefined ? undefined : await this.ownCopy(view, id, place.names);
      const item = own ?? (await openItem(view, capability)).requireFile();
      return { reader: new FileReader(view, item), mimeType: item.properties.mimeType };
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

  private async ownCopy(view: View, id: string, names: readonly string[]): Promise<Item | undefined> {
    const home = await this.store.space.home(view);
    const found = await findPath(view, home, [MESSAGING, id, SHARED, MEDIA, ...names].join('/'));
    return found?.isDirectory === false ? found : undefined;
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

  /** Copies one file, and notes in the same commit that it need not be copied any more. Resolves to its size. */
  private async mirrorOne(others: CommittedView, id: string, ref: FileRef): Promise<number> {
    const { space } = this.store;
    const { signal } = others;
    const place = mirrorPlace(ref, id);
    const source = place === undefined || place.owner === space.username ? undefined : await this.findSource(others, id, ref, place.names);
    const canBeCopied = source !== undefined && isCopied(source.item.properties.size);
    return space.change(
      signal,
      async (view, home) => {
        const chat = await findOwnChat(view, home, id);
        const media = chat === undefined ? undefined : await PendingMedia.read(view, chat.mediaFile);
        const isThere = place !== undefined && (await this.ownCopy(view, id, place.names)) !== undefined;
        return { writers: chat === undefined ? [] : [chat.root.writer, chat.shared.writer], chat, media, isThere };
      },
      async (operation, _home, { chat, media, isThere }) => {
        if (chat === undefined || media === undefined || media.without([ref]).refs.length === media.refs.length) return 0;
        const note = async (): Promise<void> => {
          await writeFileIn(operation, space, chat.root, ChatFile.media, media.without([ref]).encode());
        };
        if (!canBeCopied || isThere || place === undefined) {
          await note();
          return 0;
        }
        const folder = await makeDirectoryAt(operation, space, chat.shared, [MEDIA, ...place.names.slice(0, -1)], { isHidden: false });
        await copyItem(operation, space.ports, source, folder, { name: place.names.at(-1) ?? '', alsoCommit: note });
        return source.item.properties.size;
      },
    );
  }

  /** Where a file can be read now: at its author, or in the copy of somebody else, who must have exactly that. Undefined when nobody has it. */
  private async findSource(
    view: CommittedView,
    id: string,
    ref: FileRef,
    names: readonly string[],
  ): Promise<{ readonly view: CommittedView; readonly item: Item } | undefined> {
    try {
      return { view, item: (await openItem(view, ref.capability)).requireFile() };
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      if (error.code === 'network') throw error;
    }
    const members = await this.store.look(id, view.signal, async (_, { state }) => activeMembers(state));
    for (const { username } of members) {
      if (!(await this.mirrors.isFollowed(view, username))) continue;
      const shared = await this.mirrors.find(view, username, id);
      if (shared === undefined || shared === 'away') continue;
      try {
        const folder = await directoryAt(view, shared, [MEDIA, ...names.slice(0, -1)]);
        const item = folder === undefined ? undefined : await findPath(view, folder, names.at(-1) ?? '');
        if (item?.isDirectory !== false || !item.isReadable || !isCopied(item.properties.size)) continue;
        if ((await contentHash(view, item)).equals(ref.contentHash)) return { view, item };
      } catch (error) {
        if (!isOfOthers(error)) throw error;
      }
    }
    return undefined;
  }
}

/** For a path of which nothing but its form is wanted. */
const NO_HASH = Multihash.sha256(new Uint8Array(32));

/** Whether files of this size are copied into the own space. */
export function isCopied(size: number): boolean {
  return size <= MAX_CHAT_MIRROR_SIZE;
}
