import { NotFoundError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { InodeFileSystem } from '@pyrgos/core/model';
import type { ContentPorts } from '../files/content/index.js';
import type { FileSystemParts } from '../files/file-tree-parts.js';
import type { FileTree, Located } from '../files/file-tree.js';
import type { MakeDirectoryOptions } from '../files/structure/index.js';
import { CommittedView, type Item, openItem, type OperationView, type View } from '../files/view/index.js';
import { type Account, contextOf } from '../session/account.js';
import { type CallOptions, checkedOptions } from '../session/call-options.js';
import { publishedBy } from './public-entries.js';

/** What a change of the own space needs to know before it has its turn. */
export interface OwnChange {
  /** Existing writers beside that of the home directory; may name one more than once. */
  readonly writers?: readonly PublicKeyHash[] | undefined;
  /** What the change relies upon where it is. */
  readonly paths?: readonly Located[] | undefined;
}

/**
 * The home directory of an account as the social layer reads and changes it: everything that it keeps there (chapter 06 section 1) is in the
 * writing space of the home directory, so that whatever belongs together is one commit.
 */
export class OwnSpace {
  /** Where the own files are written; without thumbnails. */
  readonly ports: ContentPorts;
  readonly tree: FileTree;

  /** `parts`: what the file system of the account is made of. */
  constructor(
    readonly account: Account,
    { tree, ports }: Pick<FileSystemParts, 'tree' | 'ports'>,
  ) {
    this.tree = tree;
    this.ports = { ...ports, thumbnailer: undefined };
  }

  /** The user. */
  get username(): string {
    return this.account.username;
  }

  /** How directories of this layer are made: they carry the mirror BAT of the account. */
  get directoryOptions(): MakeDirectoryOptions {
    return { mirrorBatId: this.ports.mirrorBatId, clock: this.ports.clock };
  }

  /** Checks the options of a call, and that the session is open. */
  check<O extends CallOptions>(options: O): O {
    checkedOptions(options);
    contextOf(this.account).gate.assertOpen();
    return options;
  }

  /** The home directory in a view. */
  async home(view: View): Promise<Item> {
    return openItem(view, this.account.home);
  }

  /**
   * What the account has published, in a version of its own: nobody's commit compares it. Undefined for nothing. Costs a request when it was not looked at for
   * some seconds.
   */
  async published({ signal }: View): Promise<InodeFileSystem | undefined> {
    const { sessions, identity } = this.account;
    return publishedBy(new CommittedView(sessions, { signal, waitForCreation: false }), identity.publicKeyHash);
  }

  /** What `look` finds in what is committed now; `fresh`: on the server, whatever this device remembers. */
  async look<T>(signal: AbortSignal | undefined, look: (view: CommittedView, home: Item) => Promise<T>, fresh = false): Promise<T> {
    const view = new CommittedView(this.account.sessions, { signal, fresh });
    return look(view, await this.home(view));
  }

  /**
   * Changes the own space in one commit. `prepare` looks at what is committed and names what else the change needs; both are repeated when another device
   * was faster, so neither may do anything that the world notices. See {@link FileTree.change}.
   */
  async change<P extends OwnChange, T>(
    signal: AbortSignal | undefined,
    prepare: (view: CommittedView, home: Item) => Promise<P>,
    run: (operation: OperationView, home: Item, prepared: P) => Promise<T>,
  ): Promise<T> {
    return this.tree.change(
      { signal },
      async (view) => {
        const home = await this.home(view);
        const needs = await prepare(view, home);
        const { writers = [], paths = [] } = needs;
        return { owner: home.owner, writers: [home.writer, ...writers], paths, needs };
      },
      async (operation, { needs }) => run(operation, await this.home(operation), needs),
    );
  }

  /** {@link OwnSpace.change} of nothing but the writing space of the home directory. */
  async changeHome<T>(signal: AbortSignal | undefined, run: (operation: OperationView, home: Item) => Promise<T>): Promise<T> {
    return this.change(
      signal,
      async () => ({}),
      async (operation, home) => run(operation, home),
    );
  }
}

/** Whether an error says that there is no such file, directory or place (any more). */
export function isGone(error: unknown): boolean {
  return error instanceof NotFoundError && (error.code === 'not-found.file' || error.code === 'not-found.block');
}
