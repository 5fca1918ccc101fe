import { assertInstance, assertList, assertObject, assertString } from '@pyrgos/core/arguments';
import { Multihash } from '@pyrgos/core/codec';
import { ArgumentError, DeniedError, FormatError, LimitError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_POST_MEDIA } from '@pyrgos/core/limits';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import {
  FileRef,
  generatePostName,
  GroupName,
  PostAudience,
  type PostAudienceName,
  type PostContent,
  postFolder,
  postMediaFolder,
  SharedItem,
  SocialPost,
} from '@pyrgos/core/social';
import type { ByteSource } from '../files/content/index.js';
import type { FileSystem } from '../files/file-system.js';
import { formatPath } from '../files/file-tree.js';
import { FileReader, findChild, type Item, openItem, type OperationView, splitPath, type View } from '../files/view/index.js';
import type { CallOptions } from '../session/call-options.js';
import { onlyForward, type Progress, type ProgressListener } from '../waiting/progress.js';
import { giveCapabilities, unknownRecipient } from './capability-store.js';
import { mergeComments } from './feed-comments.js';
import { appendToFeed } from './feed-files.js';
import { getOrMakeGroups, uidOf } from './groups.js';
import { directoryAt, makeDirectoryAt, writeFileIn } from './own-files.js';
import { isGone, type OwnSpace } from './own-space.js';
import { contentHash, isPost, POST_MIME_TYPE, readPost } from './post-file.js';
import { changeRecord } from './share-records.js';

/** Whom a new post is for: all who follow the account, those with whom following is mutual, or only who shared what it answers to. */
export type Audience = 'friends' | 'followers' | 'author';

/** What a post answers to: a post, or any file that somebody shares. */
export interface PostParent {
  readonly path: string;
  readonly capability: AbsoluteCapability;
  /** Who has shared it. */
  readonly sharer: string;
}

/** A new post. */
export interface NewPost {
  readonly text: string;
  /** Default `friends`; of an answer, what it answers to decides how wide it may be. */
  readonly audience?: Audience | undefined;
  /** Pictures, videos and other files that it shows, at most MAX_POST_MEDIA. */
  readonly media?: readonly { readonly source: ByteSource; readonly mimeType?: string | undefined }[] | undefined;
  /** What it answers to. */
  readonly parent?: PostParent | undefined;
}

/** How a post is made. */
export interface CreatePostOptions extends CallOptions {
  /** Told how many bytes of its media are uploaded. */
  readonly onProgress?: ProgressListener | undefined;
}

/** What is known of a post before it is written. */
interface PostParts {
  readonly audience: PostAudienceName;
  readonly time: number;
  readonly shown: readonly FileRef[];
  readonly answered: FileRef | undefined;
}

/** A post where it was found. */
export interface FoundPost {
  readonly path: string;
  /** What opens its file; read-only. */
  readonly capability: AbsoluteCapability;
  readonly post: SocialPost;
}

/**
 * Posts and comments (chapter 06 section 15): files of the account that it shares. Errors of all calls: those of {@link FileSystem}.
 */
export class Posts {
  constructor(
    private readonly space: OwnSpace,
    private readonly files: FileSystem,
  ) {}

  /**
   * Writes a post, shares it with its audience and puts it into the own feed, and an answer under a post of one's own, in one commit. Media are uploaded before. An answer never has a wider audience than what it answers
   * to: DeniedError `denied.file`.
   */
  async create(post: NewPost, options: CreatePostOptions = {}): Promise<FoundPost> {
    const { signal, onProgress } = this.space.check(options);
    assertObject('post', post);
    assertString('post.text', post.text);
    const time = Math.floor(this.space.account.clock.now() / 1000);
    const { parent } = post;
    const media = post.media ?? [];
    assertList('post.media', media);
    if (media.length > MAX_POST_MEDIA) throw new LimitError('media of a post', media.length, MAX_POST_MEDIA);
    const answered = parent === undefined ? undefined : await this.parentRef(parent, signal);
    const audience = audienceOf(post, answered?.post);
    const shown: FileRef[] = [];
    try {
      const progress = onlyForward(onProgress);
      let done = 0;
      for (const { source, mimeType } of media) {
        let size = 0;
        const told = (one: Progress): void => {
          size = one.done;
          progress?.({ done: done + size, total: undefined, unit: 'bytes', items: shown.length });
        };
        shown.push(await this.upload(source, mimeType, time, { signal, onProgress: told }));
        done += size;
      }
      return await this.publish(post, { audience, time, shown, answered: answered?.ref }, signal);
    } catch (error) {
      await this.discard(shown);
      throw error;
    }
  }

  /** Takes back media of a post that has not come about. Not cancelled: it is part of refusing; what cannot be deleted now stays. */
  private async discard(media: readonly FileRef[]): Promise<void> {
    for (const { path } of media) {
      try {
        await this.files.remove(path);
      } catch (error) {
        if (!(error instanceof PyrgosError)) throw error;
      }
    }
  }

  private async publish(
    { text, parent }: NewPost,
    { audience, time, shown, answered }: PostParts,
    signal: AbortSignal | undefined,
  ): Promise<FoundPost> {
    const { username, account } = this.space;
    const body: PostContent[] = [text, ...shown];
    const made = SocialPost.of({ author: username, body, audience, time, parent: answered });
    const names = [...splitPath(postFolder(made)), `${generatePostName(account.crypto)}.cbor`];
    const path = formatPath(names);
    return this.space.changeHome(signal, async (operation, home) =>
      operation.committer.withoutFlush(async () => {
        const folder = await makeDirectoryAt(operation, this.space, home, names.slice(1, -1), { isHidden: true });
        const file = await writeFileIn(operation, this.space, folder, names.at(-1) ?? '', made.encode(), { mimeType: POST_MIME_TYPE });
        const capability = file.capability.toReadOnly();
        const uid = await this.recipientOf(operation, home, audience, parent);
        if (uid !== undefined) {
          await giveCapabilities(operation, this.space, home, uid, 'read', [capability]);
          await changeRecord(operation, this.space, home, names.slice(0, -1), (state) => state.share(names.at(-1) ?? '', 'read', [uid]));
        }
        // Nobody else puts it under a post of one's own.
        if (answered !== undefined && audience !== PostAudience.author) {
          const comment = FileRef.of(path, capability, Multihash.sha256(operation.crypto.sha256(made.encode())));
          const place = splitPath(answered.path);
          if (place[0] === username) await mergeComments(operation, this.space, home, [{ author: username, parent: place, comment }]);
        }
        await appendToFeed(operation, this.space, home, [SharedItem.of({ capability, owner: username, sharer: username, path })]);
        return { path, capability, post: made };
      }),
    );
  }

  /** Gives an own post another text; its media stay unless `media` says which. Older versions stay readable. DeniedError `denied.file` for a post of somebody else. */
  async edit(path: string, text: string, options: CallOptions = {}): Promise<FoundPost> {
    const { signal } = this.space.check(options);
    assertString('text', text);
    const names = this.ownPost(path);
    const time = Math.floor(this.space.account.clock.now() / 1000);
    return this.space.changeHome(signal, async (operation, home) => {
      const { folder, file, post } = await this.ownPostIn(operation, home, names);
      const media = post.body.filter((part): part is FileRef => part instanceof FileRef);
      const edited = post.edit([text, ...media], Math.max(time, post.time));
      await writeFileIn(operation, this.space, folder, names.at(-1) ?? '', edited.encode(), { mimeType: POST_MIME_TYPE });
      return { path: formatPath(names), capability: file.capability.toReadOnly(), post: edited };
    });
  }

  /** Deletes an own post with the media that it shows; who has read it may have kept it. */
  async delete(path: string, options: CallOptions = {}): Promise<void> {
    const { signal } = this.space.check(options);
    const names = this.ownPost(path);
    const found = await this.space.look(signal, async (view, home) => this.ownPostIn(view, home, names), true);
    await this.files.remove(formatPath(names), { signal });
    for (const part of [found.post, ...found.post.previousVersions].flatMap(({ body }) => body)) {
      if (!(part instanceof FileRef) || splitPath(part.path)[0] !== this.space.username) continue;
      try {
        await this.files.remove(part.path, { signal });
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
      }
    }
  }

  /**
   * The post behind a capability. FormatError when it is none, or when somebody else is named as its author than the owner of its path; NotFoundError when it was deleted or its share has
   * ended.
   */
  async open(path: string, capability: AbsoluteCapability, options: CallOptions = {}): Promise<FoundPost> {
    const { signal } = this.space.check(options);
    const names = splitPath(path);
    return this.lookTwice(signal, async (view) => {
      const post = await readPost(view, await openItem(view, capability));
      if (post.author !== names[0]) throw new FormatError('format.social', 'SocialPost.author', 'is not the owner of the post');
      return { path: formatPath(names), capability: capability.toReadOnly(), post };
    });
  }

  /** A file that a post shows, for reading. Errors of opening it. */
  async openMedia(reference: FileRef, options: CallOptions = {}): Promise<{ readonly reader: FileReader; readonly mimeType: string }> {
    const { signal } = this.space.check(options);
    assertInstance('reference', reference, FileRef);
    return this.lookTwice(signal, async (view) => {
      const item = (await openItem(view, reference.capability)).requireFile();
      return { reader: new FileReader(view, item), mimeType: item.properties.mimeType };
    });
  }

  private async upload(
    source: ByteSource,
    mimeType: string | undefined,
    time: number,
    { signal, onProgress }: CreatePostOptions,
  ): Promise<FileRef> {
    const { username, account } = this.space;
    const path = `${postMediaFolder(username, time)}/${generatePostName(account.crypto)}`;
    const folder = path.slice(0, path.lastIndexOf('/'));
    if ((await this.files.find(`/${username}/.posts`, { signal })) === undefined) {
      await this.files.makeDirectory(`/${username}/.posts`, { parents: true, isHidden: true, signal });
    }
    await this.files.makeDirectory(folder, { parents: true, isHidden: true, signal });
    await this.files.write(path, source, { signal, onProgress, ...(mimeType === undefined ? {} : { mimeType }) });
    return this.space.look(signal, async (view) => {
      const item = await this.space.tree.find(view, splitPath(path));
      if (item === undefined) throw new NotFoundError('not-found.file', 'What the post is to show was deleted meanwhile.', { path });
      return FileRef.of(path, item.capability.toReadOnly(), await contentHash(view, item));
    });
  }

  private async parentRef(
    { path, capability, sharer }: PostParent,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly ref: FileRef; readonly post: SocialPost | undefined }> {
    assertString('post.parent.sharer', sharer);
    const names = splitPath(path);
    return this.lookTwice(signal, async (view) => {
      const item = (await openItem(view, capability)).requireFile();
      const post = isPost(item) ? await readPost(view, item) : undefined;
      const hash = post === undefined ? await contentHash(view, item) : post.contentHash(view.crypto);
      return { ref: FileRef.of(formatPath(names), capability.toReadOnly(), hash), post };
    });
  }

  /** What is not there may be newer than the last look at the space of its owner. */
  private async lookTwice<T>(signal: AbortSignal | undefined, look: (view: View) => Promise<T>): Promise<T> {
    try {
      return await this.space.look(signal, look);
    } catch (error) {
      if (!isGone(error)) throw error;
      return this.space.look(signal, look, true);
    }
  }

  /** Under what name the audience of a post is recorded; undefined when nobody but the account is to see it. */
  private async recipientOf(
    operation: OperationView,
    home: Item,
    audience: PostAudienceName,
    parent: PostParent | undefined,
  ): Promise<string | undefined> {
    if (audience !== PostAudience.author) {
      const groups = await getOrMakeGroups(operation, this.space, home);
      return uidOf(groups, audience === PostAudience.friends ? GroupName.friends : GroupName.followers);
    }
    if (parent === undefined || parent.sharer === this.space.username) return undefined;
    if ((await directoryAt(operation, home, ['shared', parent.sharer])) === undefined) throw unknownRecipient(parent.sharer);
    return parent.sharer;
  }

  private ownPost(path: string): readonly string[] {
    const names = splitPath(path);
    const [owner, posts] = names;
    if (owner !== this.space.username) throw new DeniedError('denied.file', 'Only who has written a post can change or delete it.');
    if (posts !== '.posts' || names.length < 3) throw new ArgumentError('path', 'must be that of a post');
    return names;
  }

  private async ownPostIn(
    view: View,
    home: Item,
    names: readonly string[],
  ): Promise<{ readonly folder: Item; readonly file: Item; readonly post: SocialPost }> {
    const folder = await directoryAt(view, home, names.slice(1, -1));
    const file = folder === undefined ? undefined : await findChild(view, folder, names.at(-1) ?? '');
    if (folder === undefined || file === undefined) throw new NotFoundError('not-found.file', 'There is no such post (any more).');
    return { folder, file, post: await readPost(view, file) };
  }
}

function audienceOf({ audience, parent }: NewPost, answered: SocialPost | undefined): PostAudienceName {
  if (audience !== undefined && !['friends', 'followers', 'author'].includes(audience)) {
    throw new ArgumentError('post.audience', 'must be friends, followers or author');
  }
  if (parent === undefined) {
    if (audience === 'author')
      throw new ArgumentError('post.audience', 'must be friends or followers, unless the post answers to something');
    return audience === 'followers' ? PostAudience.followers : PostAudience.friends;
  }
  const widest = answered === undefined ? PostAudience.author : answered.audience;
  const order: readonly PostAudienceName[] = [PostAudience.author, PostAudience.friends, PostAudience.followers, PostAudience.public];
  const wanted =
    audience === undefined
      ? widest === PostAudience.public
        ? PostAudience.followers
        : widest
      : { author: PostAudience.author, friends: PostAudience.friends, followers: PostAudience.followers }[audience];
  if (order.indexOf(wanted) > order.indexOf(widest)) {
    throw new DeniedError('denied.file', 'An answer must not be seen by more people than what it answers to.');
  }
  return wanted;
}
