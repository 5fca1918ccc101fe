import { equalBytes } from '@pyrgos/core/bytes';
import { Champ, CHUNK_SIZE, type ChunkLocation, chunkLocations } from '@pyrgos/core/model';
import type { BlockStore } from '@pyrgos/core/store';
import type { ProgressListener } from '../src/waiting/progress.js';
import {
  type ByteSource,
  type ContentPorts,
  uploadFile,
  type UploadOptions,
  type UploadResult,
  UploadTransactions,
} from '../src/files/content/index.js';
import { FileReader, findChild, type Item, listEntries, OperationView, type Sessions } from '../src/files/view/index.js';
import { hex } from './commit-world.js';
import { content, FileWorld, type MadeDirectory } from './file-world.js';

/** How an operation of a test runs. */
export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly sessions?: Sessions;
}

/** A file world with what writing content needs: ports, and a directory for records. */
export class ContentWorld {
  private constructor(
    readonly files: FileWorld,
    readonly records: MadeDirectory,
  ) {}

  static async create(): Promise<ContentWorld> {
    const files = await FileWorld.create();
    const records = await files.addDirectory(files.home, '.transactions', { properties: { isHidden: true } });
    files.requests();
    return new ContentWorld(files, records);
  }

  get blocks(): BlockStore {
    return this.files.base.server.blocks;
  }

  get ports(): ContentPorts {
    return { blocks: this.blocks, clock: this.files.base.clock };
  }

  /** The home directory as it is now. */
  async home(sessions: Sessions = this.files.sessions): Promise<Item> {
    return this.files.openHome(this.files.view(sessions));
  }

  /** Runs an operation that has reserved the home writer. */
  async run<T>(work: (operation: OperationView, home: Item) => Promise<T>, options: RunOptions = {}): Promise<T> {
    const { files } = this;
    const { sessions = files.sessions, signal } = options;
    const home = await this.home(sessions);
    const { result } = await sessions.of(files.owner).compute(
      [files.signer.publicKeyHash],
      async (snapshot, committer) => {
        const operation = new OperationView(sessions, committer, snapshot);
        return { result: await work(operation, home), snapshot: operation.snapshot };
      },
      { signal },
    );
    return result;
  }

  /** Uploads into the home directory, with records. */
  async upload(
    name: string,
    source: ByteSource,
    options: UploadOptions & RunOptions = {},
    ports: Partial<ContentPorts> = {},
  ): Promise<UploadResult> {
    return this.run(
      (operation, home) =>
        uploadFile(operation, { ...this.ports, ...ports }, home, name, source, { transactions: new UploadTransactions(home), ...options }),
      options,
    );
  }

  /** Changes a file of the home directory in an operation. */
  async change<T>(name: string, work: (operation: OperationView, file: Item) => Promise<T>, options: RunOptions = {}): Promise<T> {
    return this.run(async (operation, home) => work(operation, (await findChild(operation, home, name))!), options);
  }

  /** A file of the home directory as another device sees it. */
  async item(name: string): Promise<Item | undefined> {
    const view = this.files.view(this.files.newSessions());
    return findChild(view, await this.files.openHome(view), name);
  }

  /** The bytes of a file of the home directory as another device reads them; undefined when there is none. */
  async read(name: string): Promise<Uint8Array | undefined> {
    const view = this.files.view(this.files.newSessions());
    const item = await findChild(view, await this.files.openHome(view), name);
    if (item === undefined) return undefined;
    const reader = new FileReader(view, item);
    return reader.read(0, reader.size);
  }

  /** Whether another device reads exactly these bytes. */
  async has(name: string, bytes: Uint8Array): Promise<boolean> {
    const read = await this.read(name);
    return read !== undefined && equalBytes(read, bytes);
  }

  /** The names in the home directory as another device lists them. */
  async names(): Promise<(string | undefined)[]> {
    const view = this.files.view(this.files.newSessions());
    const names: (string | undefined)[] = [];
    for await (const { name } of listEntries(view, await this.files.openHome(view))) names.push(name);
    return names.filter((name) => name !== '.transactions').sort((a = '', b = '') => (a < b ? -1 : 1));
  }

  /** Number of open upload records, as another device lists them. */
  async openRecords(): Promise<number> {
    const view = this.files.view(this.files.newSessions());
    return (await new UploadTransactions(await this.files.openHome(view)).list(view)).length;
  }

  /** The map keys of the home writer's tree. */
  async mapKeys(): Promise<Set<string>> {
    const { base, signer, owner } = this.files;
    const server = base.view();
    const keys = new Set<string>();
    const tree = (await base.writerData(signer.publicKeyHash, server))?.tree;
    if (tree !== undefined) for await (const { key } of Champ.open(tree, server.blocks, { owner }).entries()) keys.add(hex(key));
    return keys;
  }

  /** Number of chunks in the home writer's tree. */
  async chunkCount(): Promise<number> {
    return (await this.mapKeys()).size;
  }
}

/** Content that is given out in pieces of a size of its own; counts how often it is opened. */
export class CountedSource {
  opened = 0;

  constructor(
    readonly bytes: Uint8Array,
    private readonly pieceSize = 1_000_003,
  ) {}

  get size(): number {
    return this.bytes.length;
  }

  async *open(offset: number): AsyncGenerator<Uint8Array> {
    this.opened++;
    for (let start = offset; start < this.bytes.length; start += this.pieceSize) yield this.bytes.subarray(start, start + this.pieceSize);
  }
}

/** Bytes as a stream that can be read once. */
export async function* streamOf(bytes: Uint8Array, pieceSize = 1_000_003): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceSize) yield bytes.subarray(start, start + pieceSize);
}

/** Where the first chunks of a file are. */
export function locationsOf(world: ContentWorld, file: Item, count: number): ChunkLocation[] {
  const places = chunkLocations(world.files.crypto, file.opened.properties.streamSecret!, file.capability.location);
  return Array.from({ length: count }, () => places.next().value);
}

/** Records what a progress listener is told. */
export function progressLog(): { readonly listener: ProgressListener; readonly done: number[]; readonly totals: Set<number | undefined> } {
  const done: number[] = [];
  const totals = new Set<number | undefined>();
  return {
    done,
    totals,
    listener: (progress) => {
      done.push(progress.done);
      totals.add(progress.total);
    },
  };
}

/** Content of a little more than `chunks` chunks. */
export function chunksOf(chunks: number, seed = 1, extra = 7): Uint8Array {
  return content(chunks * CHUNK_SIZE + extra, seed);
}
