import { ArgumentError, ConflictError, DeniedError, NotFoundError, printable } from '@pyrgos/core/errors';
import type { PublicKeyHash, Signer } from '@pyrgos/core/keys';
import { type AbsoluteCapability, type CommittedWriterData, Snapshot } from '@pyrgos/core/model';
import { type Clock, systemClock } from '../commit/index.js';
import { isCallersError } from '../waiting/code-of-callers.js';
import { SPECIAL_DIRECTORIES } from './structure/index.js';
import { placeKey } from './structure/place.js';
import type { OtherRoots } from './other-roots.js';
import { CommittedView, findPath, type Item, openItem, OperationView, type Sessions, splitPath, type View } from './view/index.js';

/** A place in the tree, and what was found there. */
export interface Located {
  /** From the root, as names. */
  readonly names: readonly string[];
  readonly item: Item;
}

/** What {@link FileTree} needs. */
export interface FileTreeOptions {
  readonly sessions: Sessions;
  /** The user whose home directory it is; the first name of every path. */
  readonly username: string;
  /** The capability of the home directory, or of what is at `root`. */
  readonly home: AbsoluteCapability;
  /** The names of the path at which `home` is; default: that of a home directory. With a longer one there is nothing beside it and above it. */
  readonly root?: readonly string[] | undefined;
  /** Who signs there, when the home directory does not say so itself: where any other directory stands in its place. */
  readonly signer?: Signer | undefined;
  /** Waits between attempts; default the machine's clock. */
  readonly clock?: Clock | undefined;
  /** The roots beside the home directory, once there are some; default: there are none. */
  readonly others?: (() => OtherRoots | undefined) | undefined;
}

/** How often a change is tried when other devices keep changing the same directory. */
const ATTEMPTS = 12;
/** Milliseconds of the first pause between two attempts; each further one is twice as long, up to the last, and a random part of it. */
const FIRST_PAUSE = 50;
const LAST_PAUSE = 2000;

/** A path as text. */
export function formatPath(names: readonly string[]): string {
  return `/${names.join('/')}`;
}

/** What a path makes that leads nowhere. */
export function noSuchFile(names: readonly string[]): NotFoundError {
  const path = formatPath(names);
  return new NotFoundError('not-found.file', `there is no file or directory ${printable(path, 128)}`, { path });
}

/** Whether somebody else has put something of another kind, or another size, in the place of what a call needs. */
export function isOtherKind(error: unknown): boolean {
  return error instanceof ConflictError && error.code === 'conflict.file';
}

/** ArgumentError for the directories that the system needs in a home directory (chapter 04 section 11.2): they stay where they are. */
export function assertMovable([username, name, ...below]: readonly string[], homeOf: string, field = 'path'): void {
  if (username !== homeOf || name === undefined || below.length > 0 || !SPECIAL_DIRECTORIES.includes(name)) return;
  throw new ArgumentError(field, `must not be ${name}: the account needs this directory where it is`, { reason: 'system', name });
}

/**
 * ArgumentError for the directories of the system in a home directory (chapter 04 section 11.2) and what is in them: only clients themselves write there, and
 * what somebody else puts there keeps them from working. It can be read and removed.
 */
export function assertNotOfSystem([username, name]: readonly string[], homeOf: string, field = 'path'): void {
  if (username !== homeOf || name === undefined || !SPECIAL_DIRECTORIES.includes(name)) return;
  throw new ArgumentError(field, `must not be in ${name}: this directory is the system's`, { reason: 'system', name });
}

/** Whether something has the name, or is in the place, that a call needs. */
function isInTheWay(error: unknown): boolean {
  return error instanceof ConflictError && error.code === 'conflict.exists';
}

/** The names of everything below the root (chapter 04 section 11.1), and operations that change it. */
export class FileTree {
  readonly sessions: Sessions;
  readonly username: string;
  /** The names of the path at which the tree begins. */
  readonly root: readonly string[];
  private readonly home: AbsoluteCapability;
  private readonly signer: Signer | undefined;
  private readonly clock: Clock;
  private readonly otherRoots: () => OtherRoots | undefined;

  constructor({ sessions, username, home, root = [username], signer, clock = systemClock, others = () => undefined }: FileTreeOptions) {
    this.sessions = sessions;
    this.username = username;
    this.home = home;
    this.root = root;
    this.signer = signer;
    this.clock = clock;
    this.otherRoots = others;
  }

  /** The roots beside the home directory, if there are any. */
  get others(): OtherRoots | undefined {
    return this.otherRoots();
  }

  /** Whether a path begins with the name with which the tree begins: it is in the home directory, or is that. Of anything else the other roots know. */
  isOwn([first]: readonly string[]): boolean {
    return first !== undefined && first === this.root[0];
  }

  /** The same tree, read as if this device knew nothing of it; see {@link Sessions.withEmptyCaches}. */
  withEmptyCaches(): FileTree {
    const { sessions, username, home, root, signer, clock, otherRoots: others } = this;
    return new FileTree({ sessions: sessions.withEmptyCaches(), username, home, root, signer, clock, others });
  }

  /** What is committed now; with `fresh` the server is asked, and what this device remembers stands in for it only when it is slow or away. */
  view(signal: AbortSignal | undefined, fresh = false): CommittedView {
    return new CommittedView(this.sessions, { signal, fresh });
  }

  /** What is on the server now, whatever this device remembers. */
  private currentView(signal: AbortSignal | undefined): CommittedView {
    return new CommittedView(this.sessions, { signal, current: true });
  }

  /** The item at a path, or undefined; NotFoundError `not-found.file` when the home directory itself is gone. */
  async find(view: View, names: readonly string[]): Promise<Item | undefined> {
    const { root, home, signer } = this;
    if (names.length > 0 && !this.isOwn(names)) return this.others?.find(view, names);
    if (!root.every((name, i) => names[i] === name)) return undefined;
    return findPath(view, await openItem(view, home, { inheritedSigner: signer }), names.slice(root.length).join('/'));
  }

  /** Whether a path leads above the place where the tree begins. */
  isAbove(names: readonly string[]): boolean {
    return names.length < this.root.length && names.every((name, i) => name === this.root[i]);
  }

  /** Whether the tree begins at this path, which is none of a home directory: what a link leads to. */
  isLinked(names: readonly string[]): boolean {
    return this.root.length > 1 && names.length === this.root.length && names.every((name, i) => name === this.root[i]);
  }

  /** DeniedError `denied.file` for a change that concerns a directory above the place to which a link leads: it is not in reach. */
  assertInside(names: readonly string[]): void {
    const { root } = this;
    if (root.length < 2 || (names.length > root.length && root.every((name, i) => names[i] === name))) return;
    const what = 'Through a link only what is inside of the directory to which it leads can be made, renamed, moved or deleted.';
    throw new DeniedError('denied.file', what, { path: formatPath(names) });
  }

  /** The item at a path; NotFoundError `not-found.file`. The root itself is no item: ArgumentError. */
  async locate(view: View, path: string, field = 'path'): Promise<Located> {
    const names = splitPath(path, field);
    if (names.length === 0)
      throw new ArgumentError(field, 'must lead below the root, which holds nothing but home directories: to a file or directory');
    const item = await this.find(view, names);
    if (item === undefined) throw noSuchFile(names);
    return { names, item };
  }

  /**
   * What `look` finds in what is committed. The view may be some seconds old: what it does not have (undefined, NotFoundError, or something of
   * another kind) is looked for once more in a fresh one.
   */
  async look<T>(signal: AbortSignal | undefined, look: (view: CommittedView) => Promise<T>): Promise<T> {
    try {
      const found = await look(this.view(signal));
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof NotFoundError || isOtherKind(error))) throw error;
    }
    return look(this.view(signal, true));
  }

  /** {@link FileTree.locate} by {@link FileTree.look}, and the view in which it was found. `require` refuses what is of the wrong kind. */
  async lookAt(
    signal: AbortSignal | undefined,
    path: string,
    require: (item: Item) => Item = (item) => item,
  ): Promise<Located & { readonly view: CommittedView }> {
    return this.look(signal, async (view) => {
      const { names, item } = await this.locate(view, path);
      return { names, item: require(item), view };
    });
  }

  /**
   * What is at a path on the server itself, and the view in which it was found: for what decides that there is nothing to be done, which no commit compares.
   * Looked for once more when it is not there: the view may have met one writer before a move and another one after it. `network` when the server cannot be asked.
   */
  async lookNow(signal: AbortSignal | undefined, path: string): Promise<Located & { readonly view: CommittedView }> {
    const look = async (): Promise<Located & { readonly view: CommittedView }> => {
      const view = this.currentView(signal);
      return { ...(await this.locate(view, path)), view };
    };
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      return look();
    }
  }

  /** The directory of a path and the last name; ArgumentError for the root and for a home directory, which are in none. */
  async locateParent(view: View, path: string): Promise<{ readonly parent: Located; readonly name: string }> {
    const names = splitPath(path);
    const name = names.at(-1);
    if (name === undefined || names.length < 2) throw new ArgumentError('path', 'must be inside a home directory');
    this.assertInside(names);
    return { parent: await this.locate(view, formatPath(names.slice(0, -1))), name };
  }

  /**
   * Runs a change: `prepare` looks at what is committed and says which writers of one owner the change needs, `run` makes it. When somebody
   * else has changed the same directory or file meanwhile, both are repeated some times, if `isRepeatable`; then the ConflictError
   * comes out. They are also repeated when `run` does not find any more what `prepare` has found: it may have another place by now;
   * and what `prepare` does not find, or finds to be of another kind, it looks for once more, on the server. What code of callers throws comes out at once. With `isFresh` it looks at what is on the server now from the
   * beginning.
   *
   * A change that ends without a commit, because everything is as it should be already, is compared by nothing: so the server is asked then whether what it was
   * decided upon is what it has, and otherwise the change is repeated. A server that cannot be reached makes it a `network` error, as with all changes.
   *
   * `run` starts from exactly the versions in which `prepare` has found its paths (chapter 04 section 23 rule 1): when they have changed before
   * the operation has its turn, `prepare` is repeated on the new ones, with `hasTurn`; it must not run code of callers then, nor change
   * anything. Whatever is newer on the server makes the commit lose the race, and it is merged only if the paths lead to the same
   * places in it.
   */
  async change<P extends Reservation, T>(
    options: ChangeOptions,
    prepare: (view: CommittedView, hasTurn: boolean) => Promise<P>,
    run: (operation: OperationView, prepared: P) => Promise<T>,
  ): Promise<T> {
    const { signal, isRepeatable = () => true, isFresh = false } = options;
    for (let attempt = 1; ; attempt++) {
      let isPrepared = false;
      try {
        const view = isFresh || attempt > 1 ? this.currentView(signal) : this.view(signal);
        const prepared = await prepare(view, false);
        isPrepared = true;
        return await this.attempt(signal, view, prepared, async (current) => prepare(current, true), run);
      } catch (error) {
        if (isCallersError(error)) throw error;
        const isGone = error instanceof NotFoundError;
        // The view may be some seconds old, or have met one writer before a change and another one after it.
        if ((isGone || isOtherKind(error)) && !isPrepared && attempt === 1) continue;
        // So may what is in the way: it is looked at once more, on the server.
        if (isInTheWay(error) && attempt === 1 && !isFresh && isRepeatable()) continue;
        const isRelocated = isGone && isPrepared;
        if (!isRepeatable() || attempt >= ATTEMPTS || !(isPassing(error) || isRelocated)) throw error;
      }
      const [random = 0] = this.sessions.crypto.randomBytes(1);
      await this.clock.sleep(Math.round(Math.min(FIRST_PAUSE * 2 ** (attempt - 1), LAST_PAUSE) * (0.5 + random / 512)), signal);
    }
  }

  private async attempt<P extends Reservation, T>(
    signal: AbortSignal | undefined,
    view: CommittedView,
    prepared: P,
    prepare: (view: CommittedView) => Promise<P>,
    run: (operation: OperationView, prepared: P) => Promise<T>,
  ): Promise<T> {
    const { owner } = prepared;
    const reserved = new Map(prepared.writers.map((writer) => [writer.key, writer]));
    let hasCommitted = (): boolean => true;
    let relied = Snapshot.empty();
    let unasked: readonly PublicKeyHash[] = [];
    const { result } = await this.sessions.of(owner).compute(
      [...reserved.values()],
      async (start, committer) => {
        const seen = view.snapshotOf(owner);
        const current = await this.currentVersions(owner, seen, start, signal);
        let now = prepared;
        if (!current.equals(seen)) {
          now = await prepare(this.viewOf(owner, current, signal));
          if (!now.owner.equals(owner) || now.writers.some(({ key }) => !reserved.has(key)))
            throw changedMeanwhile('other writers are needed');
        }
        committer.relyOn(this.pathCheck(owner, current, now.paths ?? [], signal));
        const operation = new OperationView(this.sessions, committer, start, { signal });
        const answer = await run(operation, now);
        hasCommitted = () => committer.acknowledged.size > 0;
        relied = current.overwrite(operation.snapshot);
        // What was asked at the beginning is not asked again, unless others have had the turn since.
        if (seen.size > 1 && !operation.wasLent) unasked = relied.writers.filter((writer) => !seen.has(writer));
        else unasked = relied.writers;
        return { snapshot: operation.snapshot, result: answer };
      },
      { signal },
    );
    if (!hasCommitted() && !(await this.isCurrent(owner, relied, signal, unasked))) throw changedMeanwhile('the server has something else');
    return result;
  }

  /** Whether the server itself has these versions of one owner now, of all writers or of some. `network` when it cannot be asked. */
  async isCurrent(
    owner: PublicKeyHash,
    versions: Snapshot,
    signal: AbortSignal | undefined,
    writers: readonly PublicKeyHash[] = versions.writers,
  ): Promise<boolean> {
    const session = this.sessions.of(owner);
    const options = { current: true, signal, waitForCreation: false };
    const areSame = await Promise.all(
      writers.map(async (writer) => {
        const [now, relied] = [(await session.readCommitted(writer, options)).get(writer), versions.get(writer)];
        // Of deleted writers there is no version.
        return now === undefined ? relied?.writerData === undefined : now.equals(relied);
      }),
    );
    return areSame.every(Boolean);
  }

  /** What is committed, at given versions; for use by somebody who has the turn. */
  private viewOf(owner: PublicKeyHash, snapshot: Snapshot, signal: AbortSignal | undefined): CommittedView {
    const start = { owner, snapshot: snapshot.withReadOnly(true) };
    return new CommittedView(this.sessions, { start, signal, waitForCreation: false });
  }

  /**
   * The versions on which an operation that starts from `start` has to find its paths, of the writers that were met when they were looked
   * for: `seen` itself when nothing has changed. Where several writers take part, one on the way may be one that the operation does not
   * change, so that no commit compares it: those are asked for at the server. ConflictError `conflict.snapshot` when `start` is out of date.
   */
  private async currentVersions(owner: PublicKeyHash, seen: Snapshot, start: Snapshot, signal: AbortSignal | undefined): Promise<Snapshot> {
    let current = seen;
    const take = (writer: PublicKeyHash, version: CommittedWriterData | undefined): void => {
      if (version === undefined) throw changedMeanwhile('a writer is gone');
      if (!version.equals(seen.get(writer))) current = current.withVersion(writer, version);
    };
    for (const writer of seen.writers) if (start.has(writer)) take(writer, start.get(writer));
    if (seen.size < 2) return current;
    const session = this.sessions.of(owner);
    const options = { current: true, signal, waitForCreation: false };
    const versions = await Promise.all(seen.writers.map(async (writer) => (await session.readCommitted(writer, options)).get(writer)));
    for (const [i, writer] of seen.writers.entries()) {
      const version = versions[i];
      if (start.has(writer) && start.get(writer)?.equals(version) !== true) throw changedMeanwhile('another device was faster');
      take(writer, version);
    }
    return current;
  }

  /**
   * Lets a change be merged with what others have committed as long as its paths lead to the same places there. It looks at the paths anew
   * rather than at the directories on the way: what others add to these is no reason to repeat a long upload.
   */
  private pathCheck(
    owner: PublicKeyHash,
    current: Snapshot,
    paths: readonly Located[],
    signal: AbortSignal | undefined,
  ): (writer: PublicKeyHash, remote: CommittedWriterData) => Promise<void> {
    // The home directory is where it is.
    const below = paths.filter(({ names }) => names.length > 1);
    return async (writer, remote) => {
      if (below.length === 0 || !current.has(writer)) return;
      const view = this.viewOf(owner, current.withVersion(writer, remote), signal);
      for (const { names, item } of below) {
        const found = await this.find(view, names);
        if (found === undefined || placeKey(found.capability) !== placeKey(item.capability)) throw movedMeanwhile(writer);
      }
    };
  }
}

function changedMeanwhile(reason: string): ConflictError {
  return new ConflictError('conflict.snapshot', `what is at the path has changed before the operation had its turn: ${reason}`);
}

function movedMeanwhile(writer: PublicKeyHash): ConflictError {
  const reason = 'a path leads to another place';
  return new ConflictError('conflict.merge', `concurrent changes of one writer cannot be merged: ${reason}`, {
    writer: writer.toString(),
    reason,
  });
}

/** How a change is made. */
export interface ChangeOptions {
  readonly signal: AbortSignal | undefined;
  /** Asked when it has failed: whether what it needs from its caller is there once more; default yes. */
  readonly isRepeatable?: (() => boolean) | undefined;
  readonly isFresh?: boolean | undefined;
}

/** Whose data a change concerns. */
export interface Reservation {
  readonly owner: PublicKeyHash;
  /** Writers that exist; may name one more than once. */
  readonly writers: readonly PublicKeyHash[];
  /** What the change relies upon where it is: directories and files that it leaves there, above all those in which it changes something. */
  readonly paths?: readonly Located[] | undefined;
}

/** Whether the same change may succeed on what is there now. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof ConflictError &&
    (error.code === 'conflict.champ' ||
      error.code === 'conflict.merge' ||
      error.code === 'conflict.pointer' ||
      error.code === 'conflict.snapshot')
  );
}
