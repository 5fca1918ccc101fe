import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import { concatBytes, equalBytes, toHex } from '../../bytes.js';
import { decodeBase64 } from '../../codec/base64.js';
import { readCar } from '../../codec/car.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { type Cid, CidCodec, decodeCid, parseCid } from '../../codec/cid.js';
import { HashTree } from '../../containers/hash-tree.js';
import { HashTreeBuilder } from '../../containers/hash-tree-builder.js';
import { PaddedCipherText } from '../../containers/padded-cipher-text.js';
import { loadCrypto } from '../../crypto/index.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { PyrgosError } from '../../errors.js';
import { hashToKeyBytes } from '../../keys/kdf.js';
import type { PublicKeyHash } from '../../keys/public-key-hash.js';
import { ScryptSecretGeneration } from '../../keys/secret-generation-algorithm.js';
import type { Signer } from '../../keys/signing-key.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { Champ } from '../champ/champ.js';
import { EntryPoints } from '../user-static-data.js';
import { WriterData } from '../writer-data.js';
import { type ChildEntry, openChildren } from './child-list.js';
import { chunkCount } from './chunk-arithmetic.js';
import { type ChunkLocation, chunkLocationAt, nextChunkLocation } from './chunk-location.js';
import { CryptreeNode } from './cryptree-node.js';
import { fitChunk, openFileData } from './file-data.js';
import { type FileProperties } from './file-properties.js';
import { fileTypeOf } from './file-type.js';
import { detectMimeType } from './mime-type.js';
import { openNode, type OpenedNode } from './open-node.js';

/** What this test reads of the data set. Byte strings are base64. */
interface State {
  readonly owners: readonly {
    readonly username: string;
    readonly identity: string;
    readonly writers: readonly { readonly writer: string; readonly target: string | null }[];
  }[];
  readonly login: readonly { readonly username: string; readonly entryPoints: string }[];
}
interface Inputs {
  readonly users: readonly { readonly username: string; readonly password: string }[];
  readonly revoked: readonly { readonly capabilityHeldByReader: string }[] | { readonly capabilityHeldByReader: string };
}
interface Time {
  readonly epochSeconds: number;
  readonly nano: number;
}
interface ExpectedEntry {
  readonly path: string;
  readonly isDirectory: boolean;
  readonly size?: number;
  readonly sha256?: string;
  readonly mimeType?: string;
  readonly type?: string;
  readonly hasThumbnail?: boolean;
  readonly thumbnail?: { readonly mimeType: string; readonly size: number; readonly sha256: string };
  readonly treeHashRoot?: string;
  readonly hidden: boolean;
  readonly writable: boolean;
  readonly modified: Time;
  readonly created: Time;
  readonly writer: string;
  readonly inOwnWritingSpace?: boolean;
}
interface Expected {
  readonly users: Readonly<Record<string, { readonly home: readonly ExpectedEntry[] }>>;
}

/** One item as it was found. */
interface Found {
  readonly path: string;
  readonly capability: AbsoluteCapability;
  readonly opened: OpenedNode;
  readonly properties: FileProperties;
  readonly behindLink: boolean;
  readonly signer: Signer;
  readonly content?: { readonly bytes: Uint8Array; readonly tree: HashTree };
}

const folder = goldenFolder();
const json = (name: string): unknown => JSON.parse(readFileSync(join(folder ?? '', name), 'utf8'));

/** The trees of all users of a server of the reference implementation, read with nothing but core. */
describe.skipIf(folder === undefined)(`golden-1 files${folder === undefined ? ` (skipped: ${goldenMissing})` : ''}`, () => {
  let crypto: CryptoProvider;
  let state: State;
  let inputs: Inputs;
  const blocks = new Map<string, Uint8Array>();
  const homes = new Map<string, AbsoluteCapability>();
  const trees = new Map<string, Champ | undefined>();
  const found = new Map<string, Found[]>();

  const getBlock = async (cid: Cid): Promise<Uint8Array> => blocks.get(cid.key) ?? Promise.reject(new Error(`no block ${cid.toString()}`));

  async function treeOf(writer: PublicKeyHash, owner: PublicKeyHash): Promise<Champ | undefined> {
    const known = trees.get(writer.key);
    if (known !== undefined || trees.has(writer.key)) return known;
    const target = state.owners.flatMap(({ writers }) => writers).find((row) => row.writer === writer.toString())?.target;
    const root = target === undefined || target === null ? undefined : WriterData.decode(await getBlock(parseCid(target))).tree;
    const champ = root === undefined ? undefined : Champ.open(root, { getBlock }, { owner });
    trees.set(writer.key, champ);
    return champ;
  }

  /** The node at a location of the item's writing space; undefined when there is none. */
  async function nodeAt(item: AbsoluteCapability, location: ChunkLocation): Promise<CryptreeNode | undefined> {
    const value = await (await treeOf(item.writer, item.owner))?.get(location.mapKey);
    return value === undefined ? undefined : CryptreeNode.decode(await getBlock(value as Cid));
  }

  async function childrenOf(item: AbsoluteCapability, first: CryptreeNode, opened: OpenedNode): Promise<readonly ChildEntry[]> {
    const children = [...(await openChildren(crypto, first, item.rBaseKey, { blocks: { getBlock }, owner: item.owner }))];
    let next = opened.next?.location;
    for (let node = next && (await nodeAt(item, next)); node !== undefined; node = next && (await nodeAt(item, next))) {
      const chunk = openNode(crypto, node, item);
      expect(chunk.kind).toBe('directory');
      expect(chunk.parentKey.equals(opened.parentKey)).toBe(true);
      expect(chunk.properties.name).toBe('.subsequent-dir-chunk');
      children.push(...(await openChildren(crypto, node, item.rBaseKey, { blocks: { getBlock }, owner: item.owner })));
      next = chunk.next?.location;
    }
    return children;
  }

  async function contentOf(item: AbsoluteCapability, properties: FileProperties): Promise<{ bytes: Uint8Array; tree: HashTree }> {
    const builder = new HashTreeBuilder(crypto);
    const pieces: Uint8Array[] = [];
    const secret = properties.streamSecret ?? new Uint8Array();
    let location = item.location;
    for (let i = 0; i < chunkCount(properties.size); i++) {
      const node = await nodeAt(item, location);
      if (node === undefined) throw new Error(`chunk ${i} is missing`);
      const opened = openNode(crypto, node, item);
      expect(opened.kind).toBe('file');
      const next = nextChunkLocation(crypto, secret, location);
      expect(opened.next?.location.equals(next)).toBe(true);
      expect(chunkLocationAt(crypto, secret, item.location, i).equals(location)).toBe(true);
      const stored = await openFileData(crypto, node, opened.dataKey as SymmetricKey, { blocks: { getBlock }, owner: item.owner });
      const piece = fitChunk(stored, properties.size, i);
      builder.addChunk(piece);
      pieces.push(piece);
      location = next;
    }
    return { bytes: concatBytes(...pieces), tree: builder.build() };
  }

  async function walk(
    path: string,
    item: AbsoluteCapability,
    inherited: Signer | undefined,
    out: Found[],
    linkName?: string,
  ): Promise<void> {
    const node = await nodeAt(item, item.location);
    if (node === undefined) throw new Error(`nothing at ${path}`);
    const opened = openNode(crypto, node, item);
    const signer = opened.signer(crypto, item.wBaseKey as SymmetricKey, inherited);
    const own = opened.properties;
    expect(own.isLink || opened.kind === (own.isDirectory ? 'directory' : 'file')).toBe(true);
    const mirror = node.mirrorBatId;
    expect(mirror).toBeDefined();
    expect(node.batIds[0]?.inlineBat?.equals(item.bat)).toBe(true);
    if (opened.kind === 'file') {
      out.push({
        path,
        capability: item,
        opened,
        properties: own,
        behindLink: linkName !== undefined,
        signer,
        content: await contentOf(item, own),
      });
      return;
    }
    const children = await childrenOf(item, node, opened);
    if (own.isLink) {
      expect(children.length).toBe(1);
      const target = children[0]?.link?.toAbsolute(crypto, item) as AbsoluteCapability;
      expect(target.writer.equals(item.writer)).toBe(false);
      await walk(path, target, signer, out, own.name);
      return;
    }
    out.push({ path, capability: item, opened, properties: own, behindLink: linkName !== undefined, signer });
    const names = new Set<string>();
    for (const child of children) {
      expect(child.error).toBeUndefined();
      const name = child.name as string;
      expect(names.has(name)).toBe(false);
      names.add(name);
      const target = child.link?.toAbsolute(crypto, item) as AbsoluteCapability;
      expect(target.isWritable).toBe(true);
      expect(child.link !== undefined && 'capability' in child.link && child.link.capability.writer === undefined).toBe(
        target.writer.equals(item.writer),
      );
      await walk(`${path}/${name}`, target, signer, out);
    }
  }

  beforeAll(async () => {
    crypto = await loadCrypto();
    state = json('state.json') as State;
    inputs = json('inputs.json') as Inputs;
    for await (const block of readCar(createReadStream(join(folder ?? '', 'blocks.car')))) blocks.set(block.cid.key, block.bytes);
    for (const { username, entryPoints } of state.login) {
      const password = inputs.users.find((user) => user.username === username)?.password ?? '';
      const owner = state.owners.find((row) => row.username === username);
      const target = owner?.writers.find(({ writer }) => writer === owner.identity)?.target ?? '';
      const { algorithm } = WriterData.decode(await getBlock(parseCid(target)));
      if (!(algorithm instanceof ScryptSecretGeneration)) throw new Error(`${username} has no password`);
      const bytes = await hashToKeyBytes(crypto, username + algorithm.extraSalt, password, algorithm);
      const opened = EntryPoints.open(crypto, SymmetricKey.of(bytes.slice(32)), PaddedCipherText.decode(decodeBase64(entryPoints)));
      const capability = opened.entries[0]?.capability;
      if (capability === undefined) throw new Error(`${username} has no home`);
      homes.set(username, capability);
      const out: Found[] = [];
      await walk(`/${username}`, capability, undefined, out);
      found.set(username, out);
    }
  }, 120_000);

  test('every tree is as the reference read it', () => {
    const { users } = json('expect.json') as Expected;
    expect(found.size).toBeGreaterThan(4);
    for (const [username, items] of found) {
      const expected = new Map(users[username]?.home.map((entry) => [entry.path, entry]));
      expect(items.map(({ path }) => path).sort()).toEqual([...expected.keys()].sort());
      for (const { path, properties, capability, behindLink, signer, content } of items) {
        const entry = expected.get(path) as ExpectedEntry;
        const time = ({ epochSeconds, nano }: Time): string => `${epochSeconds}.${String(nano).padStart(9, '0')}`;
        expect(
          {
            isDirectory: properties.isDirectory,
            hidden: properties.isHidden,
            writable: capability.isWritable && signer.publicKeyHash.equals(capability.writer),
            modified: String(properties.modified),
            created: String(properties.created),
            writer: String(capability.writer),
            behindLink,
          },
          path,
        ).toEqual({
          isDirectory: entry.isDirectory,
          hidden: entry.hidden,
          writable: entry.writable,
          modified: time(entry.modified),
          created: time(entry.created),
          writer: entry.writer,
          behindLink: entry.inOwnWritingSpace ?? false,
        });
        if (content === undefined) continue;
        const { thumbnail } = properties;
        expect(
          {
            size: content.bytes.length,
            sha256: toHex(crypto.sha256(content.bytes)),
            mimeType: properties.mimeType,
            type: fileTypeOf(properties),
            thumbnail: thumbnail && {
              mimeType: thumbnail.mimeType,
              size: thumbnail.bytes.length,
              sha256: toHex(crypto.sha256(thumbnail.bytes)),
            },
            treeHashRoot: properties.treeHash && String(properties.treeHash.root),
          },
          path,
        ).toEqual({
          size: entry.size,
          sha256: entry.sha256,
          mimeType: entry.mimeType,
          type: entry.type,
          thumbnail: entry.thumbnail,
          treeHashRoot: entry.treeHashRoot,
        });
      }
    }
  });

  test('hash trees of content, where a file has one that is not stale, and types by content', () => {
    let fresh = 0;
    const stale: string[] = [];
    for (const { path, properties, content } of [...found.values()].flat()) {
      if (content === undefined) continue;
      const { treeHash } = properties;
      if (treeHash !== undefined) {
        if (treeHash.equals(content.tree.branch(0))) fresh++;
        else stale.push(path);
        if (treeHash.root.equals(content.tree.root)) expect(HashTree.fromBranches([treeHash]).equals(content.tree), path).toBe(true);
      }
      // A stream of messages keeps the type that it had when it was created, empty.
      if (!path.endsWith('.cborstream')) expect(detectMimeType(content.bytes, properties.name), path).toBe(properties.mimeType);
    }
    expect(fresh).toBeGreaterThan(100);
    expect(stale).toEqual([]);
  });

  test('parent links lead up to the home directory, and give no more than metadata', async () => {
    let followed = 0;
    for (const items of found.values()) {
      const byPath = new Map(items.map((item) => [item.path, item]));
      for (const { path, capability, opened, behindLink } of items) {
        const { parentLink } = opened;
        if (parentLink === undefined) {
          expect(path.lastIndexOf('/')).toBe(0);
          continue;
        }
        expect(parentLink.writeKeyLink).toBeUndefined();
        expect(parentLink.writer === undefined).toBe(!behindLink);
        const up = parentLink.toAbsolute(crypto, capability);
        const node = (await nodeAt(up, up.location)) as CryptreeNode;
        let above = openNode(crypto, node, up);
        expect(above.isReadable).toBe(false);
        expect(above.properties.isLink).toBe(behindLink);
        if (behindLink) {
          const over = above.parentLink?.toAbsolute(crypto, up) as AbsoluteCapability;
          above = openNode(crypto, (await nodeAt(over, over.location)) as CryptreeNode, over);
        }
        const parent = byPath.get(path.slice(0, path.lastIndexOf('/')));
        expect(above.properties.equals(parent?.properties), path).toBe(true);
        followed++;
      }
    }
    expect(followed).toBeGreaterThan(1000);
  });

  test('every node is written again byte for byte', () => {
    let nodes = 0;
    for (const [name, bytes] of blocks) {
      const cid = decodeCid(Uint8Array.from(name, (char) => char.charCodeAt(0)));
      if (cid.codec !== CidCodec.dagCbor) continue;
      const block = decodeCbor(bytes);
      if (!(block instanceof Map) || !['b', 'd', 'p', 'v'].every((key) => block.has(key))) continue;
      const node = CryptreeNode.decode(bytes);
      expect(equalBytes(node.encode(), bytes)).toBe(true);
      expect(node.toBlock(crypto).cid.equals(cid)).toBe(true);
      nodes++;
    }
    expect(nodes).toBeGreaterThan(1000);
  });

  test('keys obey the rules', () => {
    for (const { path, opened, capability } of [...found.values()].flat()) {
      if (opened.kind === 'file') expect(opened.dataKey?.equals(capability.rBaseKey), path).toBe(false);
      else expect(opened.parentKey.equals(capability.rBaseKey), path).toBe(false);
      expect(opened.next?.key.equals(capability.rBaseKey), path).toBe(true);
    }
  });

  test('a revoked capability opens nothing', async () => {
    const revoked = Array.isArray(inputs.revoked) ? inputs.revoked : [inputs.revoked];
    for (const { capabilityHeldByReader } of revoked as readonly { readonly capabilityHeldByReader: string }[]) {
      const capability = AbsoluteCapability.decode(decodeBase64(capabilityHeldByReader));
      expect(await nodeAt(capability, capability.location)).toBeUndefined();
    }
    // Nor does that of one home open another.
    const [alice, bob] = [...homes.values()];
    const node = (await nodeAt(alice as AbsoluteCapability, (alice as AbsoluteCapability).location)) as CryptreeNode;
    expect(() => openNode(crypto, node, bob as AbsoluteCapability)).toThrow(PyrgosError);
  });
});
