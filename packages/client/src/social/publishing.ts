import { utf8Encode } from '@pyrgos/core/bytes';
import { ArgumentError, DeniedError, FormatError, NotFoundError } from '@pyrgos/core/errors';
import { parseWebRoot } from '@pyrgos/core/social';
import type { FileSystem } from '../files/file-system.js';
import { reserveChild } from '../files/file-tree-parts.js';
import { assertNotOfSystem, formatPath } from '../files/file-tree.js';
import { LeftOut } from '../files/left-out.js';
import type { LeftOutOptions } from '../files/left-out-options.js';
import { namingPath } from '../files/naming-path.js';
import type { ShareBook } from '../files/share-book.js';
import { rotateAllKeys, writingSpacesOf } from '../files/structure/index.js';
import { isSamePlace, splitPath } from '../files/view/index.js';
import type { CallOptions } from '../session/call-options.js';
import { onlyForward, type ProgressListener } from '../waiting/progress.js';
import type { LinkHost } from './link-host.js';
import type { OwnSpace } from './own-space.js';
import { PublicChanges } from './public-changes.js';
import { isPublic, isPublishable, publishedAt } from './public-entries.js';

/** Where profiles are, and the field of them that names the directory of the web site (chapter 06 section 14). */
const PROFILE = '.profile';
const WEB_ROOT = 'webroot';
/** Times that something is published anew because another device has given it new keys at the same moment. */
const ATTEMPTS = 3;

/** Something that is published. */
export interface PublishedPath {
  readonly path: string;
  /** Where the server of the account serves it; undefined when it cannot say. */
  readonly url: string | undefined;
}

/** How something ceases to be published. */
export interface UnpublishOptions extends CallOptions, LeftOutOptions {
  /** Told how many files and directories have got new keys. */
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * What the account has published for everybody to read, with or without an account (chapter 06 section 13). What is published is called public, and so is all that is in a
 * published directory. It stays so under a new name; moved into another directory it is private again, and so are copies.
 *
 * Errors of all calls: those of `FileSystem`; DeniedError `denied.file` for what belongs to somebody else.
 */
export class Publishing {
  constructor(
    private readonly space: OwnSpace,
    private readonly files: FileSystem,
    private readonly book: ShareBook,
    private readonly server: LinkHost,
  ) {}

  /** Publishes a file or directory, with all that is and will be below it. Its keys stay, and with them its shares. */
  async publish(path: string, options: CallOptions = {}): Promise<PublishedPath> {
    const { signal } = this.space.check(options);
    const names = this.publishable(path);
    const { tree } = this.space;
    for (let attempt = 1; ; attempt++) {
      const item = await this.space.change(
        signal,
        async (view) => {
          const located = await tree.locate(view, path);
          return { writers: [this.identity], paths: [located], item: located.item };
        },
        async (operation, _home, prepared) => {
          const changes = await PublicChanges.open(operation, this.space);
          await changes.add(names, prepared.item.capability);
          await changes.commit();
          return prepared.item;
        },
      );
      // No commit compares where the item is: the identity has published it, not its directory.
      const now = await tree.lookNow(signal, path);
      if (isSamePlace(now.item.capability, item.capability) || attempt >= ATTEMPTS) break;
      this.files.refresh();
    }
    return this.described(names, signal);
  }

  /**
   * Ends that a file or directory is published: it gets new keys and places with all that is below it, so that nobody finds it any more who has read it. All shares and
   * links of it, and of what is below it, end as well; where it is the web site, or that is in it, there is none any more. Resolves to whether it was published. ArgumentError when it is public because of a directory above it: it is in that, and
   * stays public with it.
   */
  async unpublish(path: string, options: UnpublishOptions = {}): Promise<boolean> {
    const { signal, onProgress } = this.space.check(options);
    const names = this.publishable(path);
    const { ports, tree } = this.space;
    const forward = onlyForward(onProgress);
    const leftOut = new LeftOut(options);
    const unpublish = async (): Promise<boolean> =>
      this.space.change(
        signal,
        async (view, home) => {
          const noted = await this.book.look(view, names);
          const writers = [this.identity, home.writer, ...(noted?.writers ?? [])];
          const item = await tree.find(view, names);
          if (item === undefined) return { writers, paths: [], child: undefined };
          const child = await reserveChild(tree, view, path);
          return { writers: [...writers, ...child.writers, ...(await writingSpacesOf(view, [item]))], paths: child.paths, child };
        },
        async (operation, _home, { child }) => {
          const changes = await PublicChanges.open(operation, this.space);
          if (!(await changes.at(names)).some((item) => item.names.length === names.length)) {
            const above = await changes.above(names);
            if (above === undefined) return false;
            throw new ArgumentError('path', `is public because ${formatPath(above)} is: unpublish that, or move this to somewhere else`, {
              reason: 'published-above',
              above: formatPath(above),
            });
          }
          if (child === undefined) {
            await this.book.lost(operation, names);
            return true;
          }
          await this.book.rely(operation, names.slice(0, -1), names.slice(-1));
          const { mirrorBatId } = ports;
          const alsoCommit = async (): Promise<void> => this.book.lost(operation, names);
          await rotateAllKeys(operation, child.parent, child.item, {
            ...leftOut.attempt(),
            names,
            rotateSigner: false,
            mirrorBatId,
            staging: ports,
            onProgress: forward,
            alsoCommit,
          });
          return true;
        },
      );
    const wasPublished = await namingPath(path, unpublish);
    // Also when that was done before, by a call that was cut off here.
    await this.forgetWebRootIn(names, signal);
    leftOut.tell();
    return wasPublished;
  }

  /** Everything that is published, in no particular order; not what is in published directories. */
  async *list(options: CallOptions = {}): AsyncGenerator<PublishedPath, void, undefined> {
    const { signal } = this.space.check(options);
    const found: (readonly string[])[] = [];
    await this.space.look(signal, async (view) => {
      const published = await this.space.published(view);
      if (published !== undefined) for await (const { names } of publishedAt(published, [this.space.username])) found.push(names);
    });
    for (const names of found) yield this.described(names, signal);
  }

  /** Whether a file or directory is public: published itself, or in a directory that is. */
  async isPublished(path: string, options: CallOptions = {}): Promise<boolean> {
    const { signal } = this.space.check(options);
    const names = splitPath(path);
    if (names[0] !== this.space.username)
      throw new DeniedError('denied.file', 'This belongs to somebody else: open it to see whether it is public.');
    return this.space.look(signal, async (view) => {
      const published = await this.space.published(view);
      return published !== undefined && (await isPublic(published, names));
    });
  }

  /** The address of what is published at a path; undefined when the server cannot say. It need not be published yet. */
  async url(path: string, options: CallOptions = {}): Promise<string | undefined> {
    const { signal } = this.space.check(options);
    return this.server.publicUrl(this.publishable(path), signal);
  }

  /**
   * Makes a directory the web site of the account, and publishes it: servers with a gateway show it to browsers, with `index.html` for a directory (chapter 06 section 13.5).
   * A directory that was the site before stays published until it is unpublished.
   */
  async publishWebRoot(path: string, options: CallOptions = {}): Promise<PublishedPath> {
    const { signal } = this.space.check(options);
    const names = this.publishable(path);
    const { files } = this;
    if (!(await files.stat(path, { signal })).isDirectory) throw new ArgumentError('path', 'must lead to a directory', { reason: 'file' });
    const published = await this.publish(path, { signal });
    const profile = `${files.homePath}/${PROFILE}`;
    if ((await files.find(profile, { signal })) === undefined)
      await files.makeDirectory(profile, { parents: true, isHidden: true, signal });
    await files.write(this.webRootField, utf8Encode(formatPath(names)), { mimeType: 'text/plain', signal });
    if (!(await this.isPublished(this.webRootField, { signal }))) await this.publish(this.webRootField, { signal });
    return published;
  }

  /** Ends that the directory of the web site is published, as {@link Publishing.unpublish} does. Resolves to whether it was. */
  async unpublishWebRoot(options: UnpublishOptions = {}): Promise<boolean> {
    const root = await this.webRoot(options);
    return root !== undefined && this.unpublish(root, options);
  }

  /** The directory of the web site; undefined when there is none. It may have been moved, deleted or unpublished since. */
  async webRoot(options: CallOptions = {}): Promise<string | undefined> {
    const { signal } = this.space.check(options);
    try {
      const text = await this.files.readText(this.webRootField, { signal });
      return text === '' ? undefined : formatPath(parseWebRoot(this.space.username, text));
    } catch (error) {
      if (error instanceof NotFoundError && error.code === 'not-found.file') return undefined;
      throw error;
    }
  }

  /** The field of the profile that names the web site names nothing any more, when what it names is in a directory that was unpublished. */
  private async forgetWebRootIn(names: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const root = await this.webRoot({ signal }).catch((error: unknown) => {
      // Written by another program; it leads nowhere.
      if (error instanceof FormatError) return undefined;
      throw error;
    });
    if (root === undefined || !names.every((name, i) => splitPath(root)[i] === name)) return;
    if (!(await this.isPublished(root, { signal }))) await this.files.write(this.webRootField, new Uint8Array(), { signal });
  }

  private get identity(): OwnSpace['account']['identity']['publicKeyHash'] {
    return this.space.account.identity.publicKeyHash;
  }

  private get webRootField(): string {
    return `${this.files.homePath}/${PROFILE}/${WEB_ROOT}`;
  }

  private async described(names: readonly string[], signal: AbortSignal | undefined): Promise<PublishedPath> {
    return { path: formatPath(names), url: await this.server.publicUrl(names, signal) };
  }

  /** The names of a path that can be published at all. */
  private publishable(path: string): readonly string[] {
    const names = splitPath(path);
    const { username } = this.space;
    if (names.length < 2)
      throw new ArgumentError('path', 'must be below the home directory: that cannot be published as a whole', { reason: 'home' });
    if (names[0] !== username) throw new DeniedError('denied.file', 'Only the owner publishes this.');
    assertNotOfSystem(names, username);
    if (!isPublishable(names))
      throw new ArgumentError('path', 'must not contain \\, which separates names in what is published', { reason: 'backslash' });
    return names;
  }
}
