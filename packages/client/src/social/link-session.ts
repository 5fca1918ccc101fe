import type { LinkView } from '@pyrgos/core/social';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { FileSystem } from '../files/file-system.js';
import type { FileSystemOptions } from '../files/file-system-options.js';
import { formatPath } from '../files/file-tree.js';
import type { Item } from '../files/view/index.js';
import type { ClientContext } from '../session/client-context.js';

/** What a {@link LinkSession} is made of. */
export interface LinkSessionParts {
  readonly context: ClientContext;
  readonly settings: Pick<FileSystemOptions, 'thumbnailer' | 'chunksInFlight'>;
  /** The names of the path at which the tree begins, the owner's first. */
  readonly root: readonly string[];
  readonly capability: AbsoluteCapability;
  /** What was asked for. */
  readonly target: { readonly names: readonly string[]; readonly item: Item };
  readonly view?: Partial<LinkView> | undefined;
}

/**
 * What somebody gets to see who has a link, or looks at what is published: one file or directory, with all below it, without an account. Comes from
 * `PyrgosServer.openLink` and `PyrgosServer.openPublic`. Once it is closed every call rejects with DeniedError `denied.session`.
 */
export class LinkSession {
  /**
   * The files, at the paths that they have for their owner: `/owner/directory/file`. Directories on the way are shown with nothing else in them. Through a link for writing
   * everything inside of a directory can be changed, and the content of a file; not where and what the thing itself is to which the link leads.
   */
  readonly files: FileSystem;
  /** The user whose files these are, verified. */
  readonly owner: string;
  /** What the link leads to. */
  readonly path: string;
  /** Whether that is a directory. */
  readonly isDirectory: boolean;
  /** Where to begin: the path of a directory, or the directory of a file. */
  readonly entryPath: string;
  readonly isWritable: boolean;
  /** What the link says about how it is to be shown: a wish of whoever made it, or has passed it on. */
  readonly view: Partial<LinkView>;

  /** @internal */
  constructor(private readonly parts: LinkSessionParts) {
    const { context, settings, root, capability, target, view = {} } = parts;
    const { sessions, network, clock } = context;
    const [owner = ''] = root;
    const { names, item } = target;
    this.owner = owner;
    this.path = formatPath(names);
    this.isDirectory = item.isDirectory;
    this.entryPath = formatPath(item.isDirectory ? names : names.slice(0, -1));
    this.isWritable = item.isWritable;
    this.view = view;
    this.files = new FileSystem({ sessions, username: owner, home: capability, root, blocks: network.blocks, clock, ...settings });
  }

  /** Ends the session. Nothing is sent. */
  close(): void {
    this.parts.context.gate.close();
  }
}
