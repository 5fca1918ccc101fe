import { toHex } from '@pyrgos/core/bytes';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { Champ, ChunkLocation, type OwnedWriter, walkOwnedWriters } from '@pyrgos/core/model';
import {
  type CommittedView,
  DanglingEntry,
  directoryChunks,
  FileChunks,
  FileReader,
  type Item,
  openEntries,
  OperationView,
  pathOf,
  resolvePath,
  type Sessions,
  type SessionsOptions,
} from '../src/files/view/index.js';
import { writingSpacesBelow } from '../src/files/structure/index.js';
import type { OperationOptions } from '../src/commit/index.js';
import { mapKey, networkError } from './commit-world.js';
import { FileWorld } from './file-world.js';

/** What a walk over everything that an account can reach has found. */
export interface Inspection {
  /** Path to what is there: kind, size, hash of the content, times and marks. Equal for equal trees, whatever their keys. */
  readonly tree: Map<string, string>;
  /** Entries per chunk of every directory, by path. */
  readonly chunks: Map<string, number[]>;
  /** What must not be: orphans, dangling entries, wrong parent links, unreachable writers. Empty when all is well. */
  readonly problems: string[];
  /** Writers of the account and who owns them. */
  readonly owned: readonly OwnedWriter[];
  readonly items: Map<string, Item>;
}

/** The entries of a tree in the order of their paths: for comparing trees whose directories list the same in another order. */
export function byPath<T>(tree: Iterable<readonly [string, T]>): (readonly [string, T])[] {
  return [...tree].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Runs operations of the code under test on the world of {@link FileWorld}. */
export class StructureWorld {
  sessions: Sessions;

  private constructor(
    readonly files: FileWorld,
    /** Options of every new session. */
    private readonly options: Partial<SessionsOptions>,
  ) {
    this.sessions = this.newSessions();
  }

  static async create(options: Partial<SessionsOptions> = {}): Promise<StructureWorld> {
    const files = await FileWorld.create();
    // What the world below puts into every new tree.
    await files.remove(files.signer, [ChunkLocation.of(mapKey(255))]);
    return new StructureWorld(files, options);
  }

  get owner(): PublicKeyHash {
    return this.files.owner;
  }

  /** Forgets all caches, as a restart of the program does. */
  restart(): void {
    this.sessions = this.newSessions();
  }

  private newSessions(): Sessions {
    return this.files.newSessions({ crypto: this.files.crypto, ...this.options });
  }

  /** Lets the pointers that any device has read go out of date. */
  wait(): void {
    this.files.base.clock.time += 60_000;
  }

  /** A new view of what is committed. */
  view(): CommittedView {
    return this.files.view(this.sessions);
  }

  /** The home directory. */
  async home(view: CommittedView = this.view()): Promise<Item> {
    return this.files.openHome(view);
  }

  /** The item at a path below the home directory. */
  async at(path: string, view: CommittedView = this.view()): Promise<Item> {
    return resolvePath(view, await this.home(view), path);
  }

  /** Runs an operation that has all writers of the account for itself. */
  async operate<T>(action: (operation: OperationView) => Promise<T>, options: OperationOptions = {}): Promise<T> {
    const writers = await writingSpacesBelow(this.view(), this.owner, this.files.signer.publicKeyHash);
    return this.operateOn(writers, action, options);
  }

  /** Runs an operation on some writers. */
  async operateOn<T>(
    writers: readonly PublicKeyHash[],
    action: (operation: OperationView) => Promise<T>,
    options: OperationOptions = {},
  ): Promise<T> {
    const { sessions } = this;
    const { result } = await sessions.of(this.owner).compute(
      writers,
      async (start, committer) => {
        const operation = new OperationView(sessions, committer, start, options);
        const value = await action(operation);
        return { snapshot: operation.snapshot, result: value };
      },
      options,
    );
    return result;
  }

  /** The bytes of the file at a path. */
  async read(path: string): Promise<Uint8Array> {
    const view = this.view();
    const reader = new FileReader(view, await this.at(path, view));
    return reader.read(0, reader.size);
  }

  /** Names of the entries of a directory, in the order of its list. */
  async names(path: string): Promise<string[]> {
    const view = this.view();
    const names: string[] = [];
    for await (const { entries } of directoryChunks(view, await this.at(path, view))) names.push(...entries.map(({ name }) => name ?? '?'));
    return names;
  }

  /** Looks at everything on the server through a device of its own, past all hooks. */
  async inspect(): Promise<Inspection> {
    const { base } = this.files;
    const saved = { ...base.server.hooks };
    Object.assign(base.server.hooks, { before: undefined, after: undefined });
    try {
      return await new Inspector(this.files).run();
    } finally {
      Object.assign(base.server.hooks, saved);
    }
  }
}

class Inspector {
  private readonly tree = new Map<string, string>();
  private readonly chunks = new Map<string, number[]>();
  private readonly items = new Map<string, Item>();
  private readonly problems: string[] = [];
  /** Writer and map key of every chunk that was reached. */
  private readonly reached = new Set<string>();
  private readonly view: CommittedView;

  constructor(private readonly world: FileWorld) {
    this.view = world.view(world.newSessions());
  }

  async run(): Promise<Inspection> {
    const { view, world } = this;
    await this.visit(await world.openHome(view), `/${world.home.name}`, undefined);
    const owned: OwnedWriter[] = [];
    const walk = walkOwnedWriters(world.base.crypto, world.owner, {
      readWriterData: (writer) => world.base.writerData(writer),
      lookup: { hasher: world.base.crypto, blocks: view, context: { owner: world.owner } },
    });
    for await (const writer of walk) owned.push(writer);
    if (owned.filter(({ parent }) => parent?.equals(world.owner)).length !== 1)
      this.problems.push('the identity owns not exactly one writer');
    for (const { writer, parent } of owned) {
      if (parent?.equals(writer) === true) this.problems.push('a writer owns itself');
      if (writer.equals(world.owner)) continue;
      for await (const key of this.mapKeys(writer))
        if (!this.reached.has(writer.key + key)) this.problems.push(`orphan chunk ${key.slice(0, 8)}`);
    }
    const writers = new Set(owned.map(({ writer }) => writer.key));
    for (const item of this.items.values()) if (!writers.has(item.writer.key)) this.problems.push(`nobody owns the writer of ${item.name}`);
    return { tree: this.tree, chunks: this.chunks, problems: this.problems, owned, items: this.items };
  }

  /** Hex of all map keys in the tree of a writer. */
  private async *mapKeys(writer: PublicKeyHash): AsyncGenerator<string, void, undefined> {
    const { owner } = this.world;
    const tree = (await this.world.base.writerData(writer))?.tree;
    if (tree === undefined) return;
    for await (const { key } of Champ.open(tree, this.view, { owner }).entries()) yield toHex(key);
  }

  private reach(writer: PublicKeyHash, mapKey: Uint8Array): void {
    const key = writer.key + toHex(mapKey);
    if (this.reached.has(key)) this.problems.push('a chunk is reached twice');
    this.reached.add(key);
  }

  private async visit(item: Item, path: string, parent: Item | undefined): Promise<void> {
    const { properties } = item;
    this.items.set(path, item);
    for (const link of item.links) this.reach(link.writer, link.capability.mapKey);
    if (!item.isWritable) this.problems.push(`${path} is not writable`);
    if ((await pathOf(this.view, item)) !== path) this.problems.push(`${path} has the path ${await pathOf(this.view, item)}`);
    if (parent !== undefined) this.checkEntry(item, path, parent);
    const times = `${properties.created.toString()} ${properties.modified.toString()}${properties.isHidden ? ' hidden' : ''}`;
    if (item.isDirectory) {
      this.tree.set(path, `directory ${times}`);
      await this.visitDirectory(item, path);
    } else {
      const reader = new FileReader(this.view, item);
      const hash = toHex(this.view.crypto.sha256(await reader.read(0, reader.size))).slice(0, 16);
      this.tree.set(path, `file ${reader.size} ${hash} ${properties.mimeType} ${times} ${properties.thumbnail?.bytes.length ?? 0}`);
      const chunks = new FileChunks(this.view, item);
      for (let i = 0; i < chunks.count; i++) this.reach(item.writer, (await chunks.chunk(i, undefined)).location.mapKey);
    }
  }

  private checkEntry(item: Item, path: string, parent: Item): void {
    const outer = item.link ?? item;
    if (item.entry?.name !== undefined && outer.opened.properties.name !== item.entry.name) this.problems.push(`${path}: two names`);
    if (item.opened.properties.name !== item.name) this.problems.push(`${path}: the target has another name`);
    const ownSpace = !item.writer.equals(parent.writer);
    const hasSigner = item.opened.base?.signerLink !== undefined;
    if (ownSpace !== hasSigner) this.problems.push(`${path}: signer link ${hasSigner ? 'without' : 'missing in its'} own writing space`);
    if (outer.opened.parentKey.equals(outer.capability.rBaseKey) === outer.isDirectory) this.problems.push(`${path}: parent key`);
  }

  private async visitDirectory(directory: Item, path: string): Promise<void> {
    const names = new Set<string>();
    const counts: number[] = [];
    for await (const chunk of directoryChunks(this.view, directory)) {
      counts.push(chunk.entries.length);
      this.reach(directory.writer, chunk.capability.mapKey);
      for (const child of await openEntries(this.view, directory, chunk.entries)) {
        const name = child.name ?? '?';
        if (names.has(name)) this.problems.push(`${path} lists ${name} twice`);
        names.add(name);
        if (child instanceof DanglingEntry) {
          this.problems.push(`dangling entry ${path}/${name}`);
          // What is left under its place can still be found.
          if (child.capability !== undefined) this.reach(child.capability.writer, child.capability.mapKey);
        } else await this.visit(child, `${path}/${name}`, directory);
      }
    }
    this.chunks.set(path, counts);
  }
}

/** Where a {@link CutOff} cuts: a call that never arrives, or one whose answer is lost. */
export type CutKind = 'before' | 'after';

/** Counts calls to the server, and from one on lets nothing through. */
export class CutOff {
  /** Names of the calls so far, without the one that is cut off. */
  readonly calls: string[] = [];
  private isCut = false;

  /** Cuts at call number `n`, counted from 0; never without it. */
  constructor(
    private readonly world: StructureWorld,
    n = Number.POSITIVE_INFINITY,
    kind: CutKind = 'before',
  ) {
    const { hooks } = world.files.base.server;
    hooks.before = ({ name }) => {
      if (name === 'commitPointers') return;
      this.isCut ||= kind === 'before' && this.calls.length >= n;
      if (this.isCut) throw networkError();
      this.calls.push(name);
    };
    hooks.after = ({ name }) => {
      if (name === 'commitPointers') return;
      this.isCut ||= kind === 'after' && this.calls.length > n;
      if (this.isCut) throw networkError();
    };
  }

  /** Lets everything through again. */
  end(): void {
    Object.assign(this.world.files.base.server.hooks, { before: undefined, after: undefined });
  }
}
