import { type FileEntry, type LinkSession, MemoryBlockCache, type PyrgosServer } from '@pyrgos/client';
import { FormatError, NotFoundError } from '@pyrgos/core/errors';
import { MAX_PATH_LENGTH, MAX_SITE_HEADERS_SIZE } from '@pyrgos/core/limits';
import { DEFAULT_SITE_POLICY, parseWebRoot, sitePolicy } from '@pyrgos/core/social';

/** Sites that are kept open. */
const MAX_SITES = 256;
/** Milliseconds after which it is looked anew what the site of a user is. */
const KEPT_MILLISECONDS = 10_000;
/** Memory for blocks of all sites together, and for what is known of the files of one, in bytes. */
const BLOCK_MEMORY = 64 * 1024 * 1024;
const SITE_MEMORY = 1024 * 1024;

/** How a gateway reaches the server: few things kept for each site, blocks for all of them. */
export const siteCaches = (): {
  readonly blockCache: MemoryBlockCache;
  readonly cacheBytes: number;
  readonly pointerCacheMilliseconds: number;
} => ({
  blockCache: new MemoryBlockCache(BLOCK_MEMORY),
  cacheBytes: SITE_MEMORY,
  pointerCacheMilliseconds: 2000,
});

/** The site of one user: a directory that is published. */
export class Site {
  private constructor(
    private readonly session: LinkSession,
    /** The content security policy of its pages. */
    readonly policy: string,
  ) {}

  /** Opens the site that a user has published; undefined when there is none (chapter 06 section 13.5). Errors of `openPublic`. */
  static async open(server: PyrgosServer, owner: string, signal: AbortSignal): Promise<Site | undefined> {
    const field = `/${owner}/.profile/webroot`;
    const text = await unlessMissing(async () => {
      const { files } = await server.openPublic(field, { signal });
      const { size } = await files.stat(field, { signal });
      return size > MAX_PATH_LENGTH * 4 ? '' : files.readText(field, { signal });
    });
    if (text === undefined || text === '') return undefined;
    const root = rootOf(owner, text);
    const session = root === undefined ? undefined : await unlessMissing(async () => server.openPublic(root, { signal }));
    if (session?.isDirectory !== true) return undefined;
    const headers = await session.files.find(`${session.path}/headers.json`, { signal });
    const isSmall = headers?.isDirectory === false && headers.size <= MAX_SITE_HEADERS_SIZE;
    return new Site(session, isSmall ? sitePolicy(await session.files.read(headers.path, { signal })) : DEFAULT_SITE_POLICY);
  }

  /** What is at these names; undefined for nothing. */
  async find(names: readonly string[], signal: AbortSignal): Promise<FileEntry | undefined> {
    return this.session.files.find([this.session.path, ...names].join('/'), { signal });
  }

  /** A file of the site, for reading, with nothing fetched ahead: many are read at a time. */
  async read({ path }: FileEntry, signal: AbortSignal): Promise<Awaited<ReturnType<LinkSession['files']['open']>>> {
    return this.session.files.open(path, { signal, prefetch: 0, cachedChunks: 1 });
  }
}

/** The sites of all users of a server, opened when somebody asks for them. */
export class Sites {
  private readonly open = new Map<string, { readonly site: Promise<Site | undefined>; readonly since: number }>();

  constructor(
    private readonly server: PyrgosServer,
    /** Ends what is under way. */
    private readonly signal: AbortSignal,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The site of a user, as it was some seconds ago at most; undefined for none. Who asks meanwhile waits for the same answer. */
  async get(owner: string): Promise<Site | undefined> {
    const known = this.open.get(owner);
    if (known !== undefined && this.now() - known.since < KEPT_MILLISECONDS) return known.site;
    // Others may wait for it who stay longer than the first one.
    const site = Site.open(this.server, owner, this.signal);
    const entry = { site, since: this.now() };
    this.open.delete(owner);
    this.open.set(owner, entry);
    // A failure is told to those who wait for it, and not kept.
    site.catch(() => {
      if (this.open.get(owner) === entry) this.open.delete(owner);
    });
    for (const oldest of this.open.keys()) {
      if (this.open.size <= MAX_SITES) break;
      this.open.delete(oldest);
    }
    return site;
  }
}

/** What the field names, if that is something of the same user. */
function rootOf(owner: string, text: string): string | undefined {
  try {
    return `/${parseWebRoot(owner, text).join('/')}`;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
