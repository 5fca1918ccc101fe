import type { Cid } from '@pyrgos/core/codec';
import { type CryptoProvider, withRandomSource } from '@pyrgos/core/crypto';
import { type FragmentBlock, SymmetricLinkToSigner } from '@pyrgos/core/containers';
import { Bat, type BatId, type PublicKeyHash, type Signer, SymmetricKey } from '@pyrgos/core/keys';
import {
  AbsoluteCapability,
  ChildEntry,
  ChunkLocation,
  chunkLocationAt,
  chunkCount,
  CHUNK_SIZE,
  type CryptreeNode,
  FileProperties,
  type FilePropertiesParts,
  NamedRelativeCapability,
  nextChunkLocation,
  RelativeCapability,
  sealDirectoryChunk,
  sealFileChunk,
  Timestamp,
} from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { createChildWriter, TreeEdit, type WriteSession } from '../src/commit/index.js';
import { FileSystem } from '../src/files/file-system.js';
import { CommittedView, type Item, openItem, Sessions, type SessionsOptions } from '../src/files/view/index.js';
import { CommitWorld } from './commit-world.js';

/** One block to put under a map key of a writer's tree. */
export interface NodePut {
  readonly location: ChunkLocation;
  readonly node: CryptreeNode;
  readonly fragments: readonly FragmentBlock[];
}

/** A directory that the world has made: its keys, and its list as it should be, by chunk. */
export interface MadeDirectory {
  readonly name: string;
  readonly capability: AbsoluteCapability;
  readonly parentKey: SymmetricKey;
  /** Who signs in its writing space. */
  readonly signer: Signer;
  /** Whether it is the first item of its writing space and holds the signer. */
  readonly holdsSigner: boolean;
  readonly parentLink: RelativeCapability | undefined;
  readonly properties: FileProperties;
  /** One more location than chunks: where the next one would be. */
  readonly locations: ChunkLocation[];
  /** The entries of each chunk; the tests may put anything in. */
  readonly chunks: ChildEntry[][];
  /** The entry by which its parent lists it. */
  readonly entry: ChildEntry | undefined;
}

/** A file that the world has made. */
export interface MadeFile {
  readonly name: string;
  readonly capability: AbsoluteCapability;
  readonly dataKey: SymmetricKey;
  readonly signer: Signer;
  readonly properties: FileProperties;
  /** Of every chunk that was written. */
  readonly locations: readonly ChunkLocation[];
  /** The entry by which its parent lists it. */
  readonly entry: ChildEntry;
}

/** What a test wants to be different. */
export interface MakeOptions {
  readonly properties?: Partial<FilePropertiesParts>;
  /** Without a BAT, as legacy items are. */
  readonly isWithoutBat?: boolean;
  /** Without a stream secret: chunks are found by the links in the nodes. */
  readonly isLegacy?: boolean;
  /** Lists it without its name, as legacy directories do. */
  readonly isNameless?: boolean;
}

/** One account with a home directory on a memory server, built from the formats alone, without the code under test. */
export class FileWorld {
  readonly crypto: CryptoProvider;
  readonly sessions: Sessions;
  readonly mirrorBatId: BatId;
  /** Entries per directory chunk. */
  entriesPerChunk = 500;
  private readonly builder: WriteSession;

  private constructor(
    readonly base: CommitWorld,
    /** The home writer. */
    readonly signer: Signer,
    /** The home directory `/ada`. */
    readonly home: MadeDirectory,
    crypto: CryptoProvider,
  ) {
    this.crypto = crypto;
    this.builder = base.session();
    this.mirrorBatId = Bat.generate(crypto).mirrorId(crypto);
    this.sessions = this.newSessions();
  }

  /** The account, with an empty home directory. The log of requests starts empty. */
  static async create(): Promise<FileWorld> {
    const base = await CommitWorld.create();
    const crypto = withRandomSource(base.crypto, seededRandom(7));
    const [signer] = await base.populate(1);
    const home = newDirectory(crypto, 'ada', base.owner, signer!, undefined, {}, true);
    const world = new FileWorld(base, signer!, home, crypto);
    await world.writeDirectory(home);
    return world;
  }

  get owner(): PublicKeyHash {
    return this.base.owner;
  }

  /** Sessions of another device, with caches of its own. */
  newSessions(options: Partial<SessionsOptions> = {}): Sessions {
    const { server, clock, crypto } = this.base;
    return new Sessions({
      stores: { blocks: server.blocks, pointers: server.pointers },
      crypto,
      clock,
      random: seededRandom(3),
      ...options,
    });
  }

  /** The files as a device with caches of its own sees them. */
  device(sessions: Sessions = this.newSessions()): FileSystem {
    const { server, clock } = this.base;
    return new FileSystem({ sessions, username: 'ada', home: this.home.capability, blocks: server.blocks, clock });
  }

  /** A new view of what is committed. */
  view(sessions: Sessions = this.sessions, signal?: AbortSignal): CommittedView {
    return new CommittedView(sessions, { fresh: true, signal });
  }

  /** The home directory, opened with its writable capability. */
  async openHome(view: CommittedView = this.view()): Promise<Item> {
    return openItem(view, this.home.capability);
  }

  /** Requests to the server since the last call. */
  requests(): string[] {
    return this.base.log.splice(0).map(({ name }) => name);
  }

  /** A new writing space below the writer of `parent`; returns its signer. */
  async addWriter(parent: Signer, number: number): Promise<Signer> {
    const child = this.base.signer(number);
    await this.builder.update([parent.publicKeyHash], (snapshot, committer) => createChildWriter(committer, snapshot, parent, child));
    return child;
  }

  /** Makes an empty directory in `parent`. */
  async addDirectory(parent: MadeDirectory, name: string, options: MakeOptions = {}): Promise<MadeDirectory> {
    const made = newDirectory(this.crypto, name, this.owner, parent.signer, parentLinkTo(parent, parent.signer), options);
    const entry = entryOf(this.crypto, parent, made, options);
    await this.writeDirectory(made);
    await this.list(parent, [entry]);
    return { ...made, entry };
  }

  /** Makes a file in `parent`. */
  async addFile(parent: MadeDirectory, name: string, content: Uint8Array, options: MakeOptions = {}): Promise<MadeFile> {
    const [made] = await this.addFiles(parent, [{ name, content }], options);
    return made!;
  }

  /** Makes many files in `parent`, in one commit. */
  async addFiles(
    parent: MadeDirectory,
    files: readonly { readonly name: string; readonly content: Uint8Array }[],
    options: MakeOptions = {},
  ): Promise<MadeFile[]> {
    const puts: NodePut[] = [];
    const made = files.map(({ name, content }) => {
      const { file, chunks } = this.sealFile(parent, name, content, options);
      puts.push(...chunks);
      return file;
    });
    await this.put(parent.signer, puts);
    await this.list(
      parent,
      made.map(({ entry }) => entry),
    );
    return made;
  }

  /** The nodes of a file that is not written yet, and what will be known of it. */
  sealFile(
    parent: MadeDirectory,
    name: string,
    content: Uint8Array,
    options: MakeOptions = {},
    signer: Signer = parent.signer,
  ): { readonly file: MadeFile; readonly chunks: NodePut[] } {
    const { crypto } = this;
    const capability = newCapability(crypto, this.owner, signer, options);
    const dataKey = SymmetricKey.generate(crypto);
    const streamSecret = options.isLegacy === true ? undefined : crypto.randomBytes(32);
    const properties = FileProperties.of({
      name,
      isDirectory: false,
      mimeType: 'application/octet-stream',
      size: content.length,
      modified: Timestamp.of(1_700_000_000, 5),
      streamSecret,
      ...options.properties,
    });
    const count = chunkCount(content.length);
    const locations: ChunkLocation[] = [];
    for (let i = 0; i <= count; i++) {
      if (i === 0) locations.push(capability.location);
      else if (streamSecret !== undefined) locations.push(chunkLocationAt(crypto, streamSecret, capability.location, i));
      else locations.push(newLocation(crypto, options));
    }
    const chunks = Array.from({ length: count }, (_, i) => ({
      location: locations[i]!,
      ...sealFileChunk(crypto, {
        rBaseKey: capability.rBaseKey,
        dataKey,
        properties,
        parentLink: parentLinkTo(parent, signer),
        bat: locations[i]!.bat,
        next: locations[i + 1]!,
        data: content.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE),
        signerLink: signer === parent.signer ? undefined : SymmetricLinkToSigner.create(crypto, capability.wBaseKey!, signer),
        mirrorBatId: this.mirrorBatId,
      }),
    }));
    const entry = entryOf(crypto, parent, { name, capability, properties }, options);
    return { file: { name, capability, dataKey, signer, properties, locations: locations.slice(0, count), entry }, chunks };
  }

  /** A file that claims `count` full chunks and stores one byte, the index, in each. */
  sealSparseFile(parent: MadeDirectory, name: string, count: number): { readonly file: MadeFile; readonly chunks: NodePut[] } {
    const { file, chunks } = this.sealFile(parent, name, new Uint8Array(), { properties: { size: count * CHUNK_SIZE } });
    const { capability, dataKey, properties } = file;
    const { streamSecret } = properties;
    const locations = chunks.map(({ location }) => location);
    while (locations.length <= count) locations.push(nextChunkLocation(this.crypto, streamSecret!, locations.at(-1)!));
    const sealed = locations.slice(0, count).map((location, i): NodePut => {
      const parts = { rBaseKey: capability.rBaseKey, dataKey, properties, bat: location.bat, next: locations[i + 1]! };
      return { location, ...sealFileChunk(this.crypto, { ...parts, data: Uint8Array.of(i), mirrorBatId: this.mirrorBatId }) };
    });
    return { file: { ...file, locations: locations.slice(0, count) }, chunks: sealed };
  }

  /**
   * Makes a directory in a writing space of its own (number `writer`), behind a link node in `parent` (chapter 04 section 10). Returns the
   * target; its `entry` leads to the link node.
   */
  async addLinkedDirectory(
    parent: MadeDirectory,
    name: string,
    writer: number,
    options: { readonly target?: MakeOptions; readonly link?: MakeOptions } = {},
  ): Promise<MadeDirectory & { readonly link: MadeDirectory }> {
    const signer = await this.addWriter(parent.signer, writer);
    const link = this.newLink(parent, name, options.link);
    const target = newDirectory(this.crypto, name, this.owner, signer, parentLinkTo(link, signer), options.target ?? {}, true);
    await this.writeDirectory(target);
    const entry = await this.writeLink(parent, link, target);
    return { ...target, entry, link };
  }

  /** A link node without its child; see {@link FileWorld.writeLink}. */
  newLink(parent: MadeDirectory, name: string, options: MakeOptions = {}): MadeDirectory {
    const properties = { isLink: true, ...options.properties };
    return newDirectory(this.crypto, name, this.owner, parent.signer, parentLinkTo(parent, parent.signer), { ...options, properties });
  }

  /** Writes a link node that leads to `target` and lists it in `parent`; returns the entry. */
  async writeLink(
    parent: MadeDirectory,
    link: MadeDirectory,
    target: { readonly name: string; readonly capability: AbsoluteCapability; readonly properties: FileProperties },
  ): Promise<ChildEntry> {
    link.chunks[0]!.push(entryOf(this.crypto, link, target, {}));
    await this.writeDirectory(link);
    const entry = entryOf(this.crypto, parent, { ...link, properties: target.properties }, {});
    await this.list(parent, [entry]);
    return entry;
  }

  /** Appends entries to a directory, over as many chunks as they need. */
  async list(directory: MadeDirectory, entries: readonly ChildEntry[]): Promise<void> {
    for (const entry of entries) {
      if (directory.chunks.at(-1)!.length >= this.entriesPerChunk) {
        directory.chunks.push([]);
        directory.locations.push(newLocation(this.crypto, {}));
      }
      directory.chunks.at(-1)!.push(entry);
    }
    await this.writeDirectory(directory);
  }

  /** Writes all chunks of a directory as its `chunks` and `locations` say. */
  async writeDirectory(directory: MadeDirectory): Promise<void> {
    await this.put(
      directory.signer,
      directory.chunks.map((_, i) => this.sealDirectory(directory, i)),
    );
  }

  /** One chunk of a directory, sealed. */
  sealDirectory(directory: MadeDirectory, index: number): NodePut {
    const { capability, parentKey, signer, parentLink, properties, locations, chunks } = directory;
    const isFirst = index === 0;
    const holdsSigner = isFirst && directory.holdsSigner;
    const sealed = sealDirectoryChunk(this.crypto, {
      rBaseKey: capability.rBaseKey,
      parentKey,
      properties: isFirst ? properties : FileProperties.SUBSEQUENT_CHUNK,
      parentLink,
      bat: locations[index]!.bat,
      next: locations[index + 1]!,
      signerLink: holdsSigner ? SymmetricLinkToSigner.create(this.crypto, capability.wBaseKey!, signer) : undefined,
      mirrorBatId: capability.bat === undefined ? undefined : this.mirrorBatId,
      children: chunks[index]!,
    });
    return { location: locations[index]!, ...sealed };
  }

  /** Puts nodes into the tree of a writer, whatever was there. */
  async put(signer: Signer, puts: readonly NodePut[]): Promise<void> {
    await this.builder.update([signer.publicKeyHash], async (snapshot, committer) => {
      const tree = TreeEdit.open(committer, snapshot, signer);
      for (const { location, node, fragments } of puts) {
        for (const { bytes } of fragments) committer.blocks.putRaw(signer.publicKeyHash, bytes);
        await tree.putBlock(location.mapKey, await tree.get(location.mapKey), node.encode());
      }
      return tree.commit(snapshot);
    });
    this.base.log.length = 0;
  }

  /** Takes map keys out of the tree of a writer. */
  async remove(signer: Signer, locations: readonly ChunkLocation[]): Promise<void> {
    await this.builder.editTree(signer, (tree) => tree.removeAll(locations.map(({ mapKey }) => mapKey)));
    this.base.log.length = 0;
  }

  /** The server loses a block. */
  loseBlock(cid: Cid): void {
    const { server } = this.base;
    const state = server.saveState();
    state.blocks.get(this.owner.key)?.delete(cid.key);
    server.restoreState(state);
  }

  /** The CID under a map key. */
  async cidOf(signer: Signer, location: ChunkLocation): Promise<Cid> {
    const snapshot = await this.builder.read(signer.publicKeyHash);
    return (await this.builder.get(snapshot, signer.publicKeyHash, location.mapKey))!;
  }
}

/** Bytes that differ from place to place and from seed to seed. */
export function content(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0, state = seed >>> 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** The link from a child signed by `childSigner` to its parent. */
export function parentLinkTo(parent: Pick<MadeDirectory, 'capability' | 'parentKey'>, childSigner: Signer): RelativeCapability {
  return RelativeCapability.toParent(parent.capability, parent.parentKey, childSigner.publicKeyHash);
}

/** How `parent` lists a child. */
export function entryOf(
  crypto: CryptoProvider,
  parent: Pick<MadeDirectory, 'capability'>,
  child: { readonly name: string; readonly capability: AbsoluteCapability; readonly properties: FileProperties },
  options: MakeOptions = {},
): ChildEntry {
  const link = RelativeCapability.relativise(crypto, parent.capability, child.capability);
  if (options.isNameless === true) return ChildEntry.fromCbor(link.toCbor());
  const { isDirectory, mimeType, created } = child.properties;
  return ChildEntry.of(NamedRelativeCapability.of(link, { name: child.name, isDirectory, mimeType, created }));
}

/** A fresh location, without a BAT for a legacy item. */
export function newLocation(crypto: CryptoProvider, options: MakeOptions): ChunkLocation {
  const location = ChunkLocation.generate(crypto);
  return options.isWithoutBat === true ? ChunkLocation.of(location.mapKey) : location;
}

function newCapability(crypto: CryptoProvider, owner: PublicKeyHash, signer: Signer, options: MakeOptions): AbsoluteCapability {
  const { mapKey, bat } = newLocation(crypto, options);
  const rBaseKey = SymmetricKey.generate(crypto);
  return AbsoluteCapability.of({ owner, writer: signer.publicKeyHash, mapKey, bat, rBaseKey, wBaseKey: SymmetricKey.generate(crypto) });
}

/** A directory that is not written yet, with one empty chunk. */
export function newDirectory(
  crypto: CryptoProvider,
  name: string,
  owner: PublicKeyHash,
  signer: Signer,
  parentLink: RelativeCapability | undefined,
  options: MakeOptions = {},
  holdsSigner = false,
): MadeDirectory {
  const capability = newCapability(crypto, owner, signer, options);
  const properties = FileProperties.of({
    name,
    isDirectory: true,
    mimeType: '',
    size: 0,
    modified: Timestamp.of(1_700_000_000, 5),
    ...options.properties,
  });
  return {
    name,
    capability,
    parentKey: SymmetricKey.generate(crypto),
    signer,
    holdsSigner,
    parentLink,
    properties,
    locations: [capability.location, newLocation(crypto, options)],
    chunks: [[]],
    entry: undefined,
  };
}
