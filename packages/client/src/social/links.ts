import { assertBoolean } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { ArgumentError, DeniedError, NotFoundError } from '@pyrgos/core/errors';
import { LinkProperties, SecretLink } from '@pyrgos/core/social';
import { assertNotOfSystem, formatPath } from '../files/file-tree.js';
import { type Item, type OperationView, splitPath, type View } from '../files/view/index.js';
import type { CallOptions } from '../session/call-options.js';
import { PasswordPolicy } from '../session/password-policy.js';
import type { ProgressListener } from '../waiting/progress.js';
import { isAboutServer, type LinkHost } from './link-host.js';
import { OwnLink } from './own-link.js';
import type { OwnSpace } from './own-space.js';
import { recordsOf } from './resend.js';
import { secondsToCome } from './seconds.js';
import { SecretLinkChanges } from './secret-link-changes.js';
import { changeRecord, readRecord, recordsBelow } from './share-records.js';
import type { Shares } from './shares.js';

/** How a secret link is made. */
export interface CreateLinkOptions extends CallOptions {
  /** Whether who has the link can change what it leads to, and all below it; default false. */
  readonly writable?: boolean | undefined;
  /** A password that people have to know beside the link; it must be a good one. Default: none. */
  readonly userPassword?: string | undefined;
  /** When it stops working, to the second; default never. */
  readonly expires?: Date | undefined;
  /** How often it can be opened in all, 1 or more; wrong passwords count as well. Default: any number of times. */
  readonly maxRetrievals?: number | undefined;
  /** Whether pages show at once what it leads to; default false. */
  readonly opensAutomatically?: boolean | undefined;
  /** Told how many files and directories have got new keys, which a link for writing may need. */
  readonly onProgress?: ProgressListener | undefined;
}

/** What of a link is changed; what is left out, or undefined, stays as it is. */
export interface LinkChanges {
  /** Empty for none. */
  readonly userPassword?: string | undefined;
  /** Null for never. */
  readonly expires?: Date | null | undefined;
  /** Null for any number of times. What was retrieved before counts. */
  readonly maxRetrievals?: number | null | undefined;
  readonly opensAutomatically?: boolean | undefined;
}

/**
 * The secret links of the account (chapter 06 section 11): whoever has one opens what it leads to without an account. The server has only what the password in the link
 * has encrypted, and never gets that.
 *
 * Errors of all calls: those of `FileSystem`; NotFoundError `not-found.link` for a link that there is not; DeniedError `denied.password` for a weak password, `denied.file`
 * for what belongs to somebody else.
 */
export class Links {
  constructor(
    private readonly space: OwnSpace,
    private readonly shares: Shares,
    private readonly server: LinkHost,
  ) {}

  /**
   * Makes a link to a file or directory, with all that is and will be below it. A link for writing gives it a writing space of its own first, and with that new keys, which
   * everybody receives with whom it is shared already. Link and record appear together, in one commit.
   */
  async create(path: string, options: CreateLinkOptions = {}): Promise<OwnLink> {
    const { signal, writable = false, onProgress } = this.space.check(options);
    const names = this.linkable(path);
    assertBoolean('options.writable', writable);
    const { userPassword, expires, maxRetrievals, opensAutomatically } = options;
    const wishes = this.checked({ userPassword, expires, maxRetrievals, opensAutomatically }, 'options');
    const host = await this.server.name(signal);
    if (writable) await this.shares.share(path, [], { access: 'write', signal, onProgress });
    const { crypto, identity } = this.space.account;
    const properties = await this.put(signal, names, async (_operation, _home, changes) => {
      let link: SecretLink;
      do link = SecretLink.generate(crypto, identity.publicKeyHash);
      while (await changes.has(link.label));
      const { label, password: linkPassword } = link;
      return { link: LinkProperties.of({ ...wishes, label, linkPassword, isWritable: writable }), isNew: true };
    });
    if (properties === undefined) throw noSuchLink();
    return new OwnLink(formatPath(names), identity.publicKeyHash, properties, host, 0);
  }

  /** Changes a link, which stays valid as it is written. How often it was opened is not forgotten. */
  async update(path: string, label: bigint, changes: LinkChanges, options: CallOptions = {}): Promise<OwnLink> {
    const { signal } = this.space.check(options);
    const names = this.linkable(path);
    const wishes = this.checked(changes, 'changes');
    const host = await this.server.name(signal);
    const found = await this.space.look(signal, async (view, home) => this.recorded(view, home, names, label));
    // Another program may have ended shares meanwhile in a way that leaves such a link without what it leads to.
    if (found?.isWritable === true) await this.shares.share(path, [], { access: 'write', signal });
    const properties = await this.put(signal, names, async (operation, home) => {
      const link = await this.recorded(operation, home, names, label);
      return link === undefined ? undefined : { link: link.with(wishes), isNew: false };
    });
    if (properties === undefined) throw noSuchLink();
    const counts = await this.counts(signal);
    return this.linkOf(formatPath(names), properties, host, counts);
  }

  /** Ends a link. Resolves to whether there was one. What it leads to need not exist any more. */
  async delete(path: string, label: bigint, options: CallOptions = {}): Promise<boolean> {
    const { signal } = this.space.check(options);
    const names = splitPath(path);
    const identity = this.space.account.identity.publicKeyHash;
    return this.space.change(
      signal,
      async () => ({ writers: [identity] }),
      async (operation, home) => {
        if ((await this.recorded(operation, home, names, label)) === undefined) return false;
        await operation.committer.withoutFlush(async () => {
          const changes = new SecretLinkChanges(operation, this.space);
          await changes.remove(label);
          await changes.commit();
          await changeRecord(operation, this.space, home, names.slice(0, -1), (state) => state.withoutLink(names.at(-1) ?? '', label));
        });
        return true;
      },
    );
  }

  /** The links of what is at or below a path; by default all. */
  async *list(path = '/', options: CallOptions = {}): AsyncGenerator<OwnLink, void, undefined> {
    const { signal } = this.space.check(options);
    const names = splitPath(path);
    const { username } = this.space;
    const records = this.space.look(signal, async (view, home) => {
      const found: { readonly path: string; readonly link: LinkProperties }[] = [];
      const add = (directory: readonly string[], name: string, links: readonly LinkProperties[]): void => {
        for (const link of links) found.push({ path: formatPath([...directory, name]), link });
      };
      if (names.length > 1) {
        for await (const { directory, name, shared } of recordsOf(view, home, names)) add(directory, name, shared.links);
        return found;
      }
      // What is damaged of the records must not hide the others.
      for await (const { directory, state } of recordsBelow(view, home, [username], () => undefined)) {
        for (const name of state.items) add(directory, name, state.get(name).links);
      }
      return found;
    });
    const [found, host, counts] = await Promise.all([records, this.server.name(signal), this.counts(signal)]);
    for (const one of found) yield this.linkOf(one.path, one.link, host, counts);
  }

  /** Stores what `choose` gives, and records it, in one commit; undefined when it gives nothing. */
  private async put(
    signal: AbortSignal | undefined,
    names: readonly string[],
    choose: (
      operation: OperationView,
      home: Item,
      changes: SecretLinkChanges,
    ) => Promise<{ readonly link: LinkProperties; readonly isNew: boolean } | undefined>,
  ): Promise<LinkProperties | undefined> {
    const { space } = this;
    return space.change(
      signal,
      async (view) => {
        const located = await space.tree.locate(view, formatPath(names));
        const { item } = located;
        const writers = [space.account.identity.publicKeyHash, item.writer, ...item.links.map(({ writer }) => writer)];
        return { writers, paths: [located], item };
      },
      async (operation, home, { item }) =>
        operation.committer.withoutFlush(async () => {
          const changes = new SecretLinkChanges(operation, space);
          const chosen = await choose(operation, home, changes);
          if (chosen === undefined) return undefined;
          const { link, isNew } = chosen;
          const stored = await changes.put(item, link, isNew);
          await changes.commit();
          await changeRecord(operation, space, home, names.slice(0, -1), (state) => state.withLink(names.at(-1) ?? '', stored));
          return stored;
        }),
    );
  }

  private async recorded(view: View, home: Item, names: readonly string[], label: bigint): Promise<LinkProperties | undefined> {
    const { links } = (await readRecord(view, home, names.slice(0, -1))).get(names.at(-1) ?? '');
    return links.find((link) => link.label === label);
  }

  private linkOf(path: string, properties: LinkProperties, host: string | undefined, counts: Counts | undefined): OwnLink {
    const { publicKeyHash } = this.space.account.identity;
    const retrievals = counts === undefined ? undefined : (counts.get(properties.label) ?? 0);
    return new OwnLink(path, publicKeyHash, properties, host, retrievals);
  }

  /** How often each link was opened; undefined when the server does not say. */
  private async counts(signal: AbortSignal | undefined): Promise<Counts | undefined> {
    const { network, username, mirrorBat } = this.space.account;
    if (mirrorBat === undefined) return undefined;
    try {
      const { counts } = await network.links.counts(username, 0n, mirrorBat, signal);
      return new Map(counts.map(({ label, count }) => [label, count]));
    } catch (error) {
      if (!isAboutServer(error)) throw error;
      return undefined;
    }
  }

  /** The names of a path that may have a link. */
  private linkable(path: string): readonly string[] {
    const names = splitPath(path);
    const { username } = this.space;
    if (names.length < 2)
      throw new ArgumentError('path', 'must be below the home directory: that cannot be given away as a whole', { reason: 'home' });
    if (names[0] !== username) throw new DeniedError('denied.file', 'Only the owner makes links to this.');
    assertNotOfSystem(names, username);
    return names;
  }

  private checked({ userPassword, expires, maxRetrievals, opensAutomatically }: LinkChanges, where: string): Wishes {
    const { username, account } = this.space;
    if (userPassword !== undefined && userPassword !== '') PasswordPolicy.link.assertGood(userPassword, username);
    if (maxRetrievals !== undefined && maxRetrievals !== null)
      assertInteger(`${where}.maxRetrievals`, maxRetrievals, 1, Number.MAX_SAFE_INTEGER);
    if (opensAutomatically !== undefined) assertBoolean(`${where}.opensAutomatically`, opensAutomatically);
    return {
      ...(userPassword === undefined ? {} : { userPassword }),
      ...(expires === undefined
        ? {}
        : { expiry: expires === null ? undefined : secondsToCome(`${where}.expires`, expires, account.clock.now()) }),
      ...(maxRetrievals === undefined ? {} : { maxRetrievals: maxRetrievals ?? undefined }),
      ...(opensAutomatically === undefined ? {} : { opensAutomatically }),
    };
  }
}

type Counts = ReadonlyMap<bigint, number>;
type Wishes = Parameters<LinkProperties['with']>[0];

function noSuchLink(): NotFoundError {
  return new NotFoundError('not-found.link', 'This file or directory has no such link (any more).');
}
