import { seededRandom } from '@pyrgos/testkit/random';
import { afterAll, describe, expect, test } from 'vitest';
import * as accounts from './accounts/index.js';
import * as api from './api/index.js';
import * as bytes from './bytes.js';
import * as codec from './codec/index.js';
import * as containers from './containers/index.js';
import * as cryptoEntry from './crypto/index.js';
import * as pool from './crypto/pool/index.js';
import * as errors from './errors.js';
import * as keys from './keys/index.js';
import * as model from './model/index.js';
import * as social from './social/index.js';

/**
 * Whatever a caller without types passes, an exported function answers or throws a PyrgosError: a raw TypeError says nothing about what was
 * wrong. Every function, static method, constructor and method of the entry points is called with junk and with mixtures of junk and values
 * of the right kinds. Each has a random source of its own, so that a failure is reproducible and a new export changes nothing for the others.
 */

type Callable = (...args: readonly unknown[]) => unknown;

const entries: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  bytes,
  errors,
  codec,
  crypto: cryptoEntry,
  pool,
  keys,
  containers,
  model,
  accounts,
  social,
  api,
};

/** Tuples of mixed arguments for each function. */
const MIXTURES = 300;

const crypto = cryptoEntry.withRandomSource(await cryptoEntry.loadCrypto(), seededRandom(7));

function lostMemory(): Uint8Array {
  const array = new Uint8Array(40);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

const cyclic: unknown[] = [];
cyclic.push(cyclic);

const junk: readonly unknown[] = [
  undefined,
  null,
  -1,
  1.5,
  Number.NaN,
  2 ** 53,
  1n << 80n,
  '',
  'x',
  '__proto__',
  '\ud800',
  {},
  [],
  [undefined],
  Array.from({ length: 3 }),
  Array(3),
  { length: 5 },
  Object.create(null),
  new Map([[1, 2]]),
  new Set([1]),
  cyclic,
  lostMemory(),
  new Uint16Array(3),
  Symbol('s'),
  () => 1,
  Date,
  new Date(Number.NaN),
  new Proxy({}, {}),
  { signal: 'x' },
  { signal: null, onProgress: 1, concurrency: 'x', maxBlocks: -1 },
];

/** Values of the right kinds, some of them in the wrong place. */
function samples(): readonly unknown[] {
  const pair = keys.SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1));
  const owner = pair.publicKey.hash;
  const boxing = keys.BoxingKeyPair.generateCurve25519(crypto);
  const hybrid = keys.BoxingKeyPair.generateHybrid(crypto);
  const key = keys.SymmetricKey.of(new Uint8Array(32).fill(2));
  const bat = keys.Bat.of(new Uint8Array(32).fill(3));
  const batWithId = bat.withCalculatedId(crypto);
  const blocks = new model.MemoryBlocks(crypto);
  const champ = model.Champ.empty(blocks, { owner });
  const root = champ.flush(blocks);
  const peer = codec.parsePeerId('12D3KooWAjNorDWXZJx8Jhzrq9onKbrmYf9XSmteb4yKnbXfSD8K');
  const data = model.WriterData.of(owner, { tree: root, owned: root });
  const version = model.CommittedWriterData.of(root, 1, data);
  const capability = model.AbsoluteCapability.of({ owner, writer: owner, mapKey: new Uint8Array(32), bat, rBaseKey: key });
  const inode = model.Inode.of(1, 'a');
  const environment = { hasher: crypto, source: blocks, sink: blocks, context: { owner } };
  const tree = containers.HashTree.build(crypto, new Uint8Array(64));
  const cipherText = containers.CipherText.seal(crypto, key, ['a', 1]);
  const locked = model.EncryptedCapability.of(cipherText, true);
  const auth = keys.BlockAuth.create(crypto, { block: root, node: peer }, batWithId, 1_705_311_000_000);
  return [
    crypto,
    0,
    1,
    8,
    1_705_311_000_000,
    7n,
    true,
    'abcd',
    'peergos/v0/x',
    owner.toString(),
    auth.toString(),
    new Uint8Array(),
    new Uint8Array(24),
    new Uint8Array(32).fill(9),
    new Uint8Array(64),
    data.encode(),
    keys.signAttached(crypto, pair.secretKey, data.encode()),
    [new Uint8Array(32), new Uint8Array(3)],
    new Map([['a', 1]]),
    root,
    peer,
    root.multihash,
    [root],
    owner,
    [owner],
    pair,
    pair.publicKey,
    pair.secretKey,
    pair.signer,
    boxing,
    boxing.publicKey,
    boxing.secretKey,
    hybrid.publicKey,
    hybrid.secretKey,
    key,
    bat,
    bat.inlineId(),
    batWithId,
    batWithId.id,
    [bat.inlineId(), batWithId.id],
    auth,
    keys.OwnerProof.create(crypto, pair.signer, owner),
    keys.ProofOfWork.empty(),
    keys.ScryptSecretGeneration.of({ logN: 15, r: 1, length: 32 }),
    keys.FingerprintPair.of(new Uint8Array(32), new Uint8Array(32)),
    keys.SignedRequest.of('peergos/v0/x', 1_705_311_000_000),
    { path: 'peergos/v0/x', now: 1_705_311_000_000, allowedSeconds: 60 },
    { block: root, node: peer },
    { block: root, node: peer, batIds: [bat.inlineId()], auth: auth.toString(), now: 1_705_311_000_000, lookUpBat: async () => bat },
    { hasher: crypto, blocks, context: { owner } },
    { readWriterData: async () => data, lookup: { hasher: crypto, blocks, context: { owner } } },
    { blocks, owner },
    { owner },
    blocks,
    champ,
    environment,
    model.InodeFileSystem.create(environment),
    model.DirectoryInode.empty(environment),
    data,
    version,
    model.Snapshot.of(owner, version),
    model.PointerUpdate.of(undefined, root, 1),
    capability,
    inode,
    model.InodeCap.of(inode, capability),
    model.EntryPoint.of(capability, 'alice'),
    model.EntryPoints.of([]),
    model.OwnedKeys.empty(blocks, { owner }),
    model.SecretLinks.empty(crypto, blocks, { owner }),
    locked,
    model.SecretLinkTarget.of(locked),
    model.ChunkMirrorCap.of(new Uint8Array(32)),
    new model.WriterTree(blocks, blocks, { owner }),
    cipherText,
    containers.PaddedCipherText.seal(crypto, key, 1, 16),
    containers.FragmentedPaddedCipherText.seal(crypto, key, 1).container,
    containers.FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(5000)).container,
    containers.AsymmetricCipherText.seal(crypto, boxing.publicKey, boxing.secretKey, 1),
    containers.PaddedAsymmetricCipherText.seal(crypto, boxing.publicKey, boxing.secretKey, 1, 64),
    containers.SourcedAsymmetricCipherText.seal(crypto, boxing.publicKey, boxing, 1),
    containers.SymmetricLink.create(crypto, key, key),
    containers.SymmetricLinkToSigner.create(crypto, key, pair.signer),
    tree,
    tree.root,
    tree.branch(0),
    [tree.branch(0)],
    tree.levels[0]?.[0],
    [],
    { base: undefined, ours: root, remote: root },
    { existing: root, sequence: 1, claimed: undefined },
    [{ key: new Uint8Array(32) }],
    [{ writer: owner, signed: new Uint8Array(80) }],
    [{ cid: root, bat: batWithId }],
    { logN: 1, r: 1, p: 1, length: 32 },
    { accessKeyId: 'a', secretAccessKey: 'b', region: 'eu-central-1' },
    { verb: 'GET', host: 'example.com', key: 'a', query: [], headers: [], payloadHash: 'UNSIGNED-PAYLOAD', time: 1_705_311_000_000 },
    [{ protocol: 'tcp', value: '80' }],
    { peerForm: 'cid' },
    { randomBytes: (length: number): Uint8Array => crypto.randomBytes(length) },
    new codec.DataFrameWriter(),
    new codec.DataFrameReader(new Uint8Array(16)),
    codec.CborFields.map('format.cbor', 'X', new Map([['a', 1]])),
    new keys.RandomSecretGeneration(),
    AbortSignal.abort(),
    ...accountSamples(pair, boxing, batWithId, root, cipherText),
    ...fileSamples(pair, capability, tree),
  ];
}

/** Values of the formats of files and directories. */
function fileSamples(pair: keys.SigningKeyPair, capability: model.AbsoluteCapability, tree: containers.HashTree): readonly unknown[] {
  const [rBaseKey, otherKey] = [capability.rBaseKey, keys.SymmetricKey.of(new Uint8Array(32).fill(5))];
  const { bat, location } = capability;
  const writable = model.AbsoluteCapability.of({ ...capability, wBaseKey: otherKey });
  const modified = model.Timestamp.of(1_700_000_000, 5);
  const thumbnail = model.Thumbnail.of('image/png', new Uint8Array(3));
  const parts = { name: 'a', isDirectory: false, mimeType: 'text/plain', size: 3, modified, streamSecret: new Uint8Array(32), thumbnail };
  const properties = model.FileProperties.of(parts);
  const link = model.RelativeCapability.relativise(crypto, writable, capability);
  const facts = { name: 'a', mimeType: 'text/plain' };
  const named = model.NamedRelativeCapability.of(link, facts);
  const entry = model.ChildEntry.of(named);
  const signerLink = containers.SymmetricLinkToSigner.create(crypto, otherKey, pair.signer);
  const base = model.BaseSection.of(otherKey, link, signerLink);
  const parent = model.ParentSection.of(properties, link);
  const common = { rBaseKey, bat, next: location, signerLink };
  const fileParts = { ...common, dataKey: otherKey, properties, data: new Uint8Array(3) };
  const directory = model.FileProperties.of({ name: 'd', isDirectory: true, mimeType: '', size: 0, modified });
  const directoryParts = { ...common, parentKey: otherKey, properties: directory, children: [entry] };
  const file = model.sealFileChunk(crypto, fileParts);
  const folder = model.sealDirectoryChunk(crypto, directoryParts);
  const resume = { rBaseKey, dataKey: otherKey, wBaseKey: otherKey, first: location, streamSecret: new Uint8Array(32) };
  const upload = {
    path: 'alice/a',
    size: 3,
    owner: capability.owner,
    writer: pair.signer,
    first: location,
    streamSecret: new Uint8Array(32),
    startTime: 4,
    hashTree: tree,
    keys: { ...resume, properties },
  };
  return [
    writable,
    location,
    modified,
    thumbnail,
    parts,
    properties,
    directory,
    link,
    { mapKey: new Uint8Array(32), key: rBaseKey, bat },
    facts,
    named,
    model.NamedAbsoluteCapability.of(capability, facts),
    model.CapabilityWithPath.of(capability, '/alice/a'),
    model.Location.ofCapability(capability),
    entry,
    [entry],
    [named.toCbor()],
    signerLink,
    base,
    parent,
    fileParts,
    directoryParts,
    file.node,
    folder.node,
    { batIds: [] },
    model.openNode(crypto, file.node, writable),
    model.openNode(crypto, folder.node, writable),
    resume,
    model.ResumeUploadProps.of(resume),
    upload,
    model.UploadTransaction.of(upload),
    { isDirectory: false, mimeType: 'text/plain' },
    new containers.HashTreeBuilder(crypto).addLeaf(new Uint8Array(32)),
    { now: (): number => 1_705_311_000_000 },
  ];
}

/** Values of the formats of accounts and api. */
function accountSamples(
  pair: keys.SigningKeyPair,
  boxing: keys.BoxingKeyPair,
  bat: keys.BatWithId,
  cid: codec.Cid,
  cipherText: containers.CipherText,
): readonly unknown[] {
  const owner = pair.publicKey.hash;
  const provider = api.peerIdOf(pair.publicKey);
  const link = accounts.UserPublicKeyLink.createInitial(crypto, pair.signer, 'alice', '2030-01-31', [provider]);
  const block = accounts.BlockWrite.sign(crypto, pair.signer, Uint8Array.of(0xa0), false);
  const pointer = accounts.PointerWrite.of(owner, new Uint8Array(105));
  const sealed = containers.PaddedCipherText.fromCbor(cipherText.toCbor());
  const login = accounts.LoginData.of('alice', sealed, pair.publicKey, { block, pointer });
  const method = { name: 'a', credentialId: new Uint8Array(32), createdDay: 1, type: 1, enabled: true };
  const webauthn = { authenticatorData: new Uint8Array(1), clientDataJson: new Uint8Array(1), signature: new Uint8Array(1) };
  const mfaRequest = accounts.MultiFactorAuthRequest.of([accounts.MultiFactorAuthMethod.of(method)], new Uint8Array(32));
  const space = { username: 'alice', bytes: 1, annual: true, time: 2, paymentProof: new Uint8Array(3) };
  const follow = accounts.BlindFollowRequest.of(
    containers.PaddedAsymmetricCipherText.seal(crypto, boxing.publicKey, boxing.secretKey, 1, 512),
    boxing.publicKey,
  );
  const counts = [{ label: 7n, count: 1, modified: 2 }];
  const linkCounts = accounts.LinkCounts.of(counts);
  const snapshot = { username: 'alice', owner, followRequests: [follow], pointers: [], bats: [bat], login, linkCounts };
  const message = { id: 1, type: 2, sent: 3, body: 'hi', dismissed: false, replyTo: 4 } as const;
  const write = { signature: new Uint8Array(96), size: 1, batIds: [bat.id] };
  const resolution = { sequence: 1, host: provider.multihash, moved: true };
  const record = api.ResolutionRecord.of(resolution);
  return [
    'alice',
    '2030-01-31',
    [provider],
    link,
    [link],
    link.claim,
    block,
    pointer,
    [block, pointer],
    { block, pointer },
    login,
    { login: { data: login, auth: new Uint8Array(64) }, mirrorBat: { bat, auth: new Uint8Array(99) } },
    accounts.OpLog.of([block, pointer]),
    accounts.LoginResponse.ofRequest(mfaRequest),
    method,
    mfaRequest.methods[0],
    mfaRequest.methods,
    mfaRequest,
    webauthn,
    accounts.WebauthnResponse.of(webauthn),
    accounts.MultiFactorAuthResponse.of(new Uint8Array(32), '123456'),
    accounts.BackupCodes.generate(crypto),
    space,
    accounts.SpaceRequest.of(space),
    accounts.LabelledSignedSpaceRequest.of('alice', new Uint8Array(80)),
    { freeQuota: 1, url: 'https://host/', error: 'e' },
    accounts.PaymentProperties.of({ freeQuota: 1 }),
    { free: true, paid: false },
    accounts.AllowedSignups.of({ free: true, paid: false }),
    counts,
    linkCounts,
    follow,
    snapshot,
    accounts.UserSnapshot.of(snapshot),
    message,
    accounts.ServerMessage.of(message),
    api.BlockWriteGroup.of([new Uint8Array(1)], [new Uint8Array(96)]),
    [write],
    api.WriteAuthRequest.of([write]),
    api.BlockMirrorCap.of(cid, bat),
    [api.BlockMirrorCap.of(cid)],
    'https://host/',
    new Map([['Host', 'host']]),
    api.PresignedUrl.of('https://host/', new Map([['Host', 'host']])),
    { directWrites: true, publicReadUrl: 'https://host/' },
    api.BlockStoreProperties.of({ directWrites: true }),
    resolution,
    record,
    api.IpnsEntry.sign(crypto, pair.secretKey, record, 1_705_311_000_000),
  ];
}

/** Not called: computes for hours when it is asked to; and what only makes errors, from arguments of our own code. */
const excluded = new Set(['keys.ProofOfWork.search', 'bytes.assertInteger', 'errors.printable']);
const isExcluded = (name: string): boolean => excluded.has(name) || name.startsWith('new errors.');
/** Methods that TypeScript hides, and `close`, which would spoil the other calls. */
const hidden = new Set(
  (
    'close at bitmap buildNode descendLoaded edit entriesIn fail find finish load need own putAt refreshRootBat removeFrom required reserve ' +
    'save saveChildren saving take touch walk inlineForm inlineResult fragmentedResult'
  ).split(' '),
);

const isClass = (value: Callable): boolean => Function.prototype.toString.call(value).startsWith('class');

/** All functions, constructors and static methods of the entry points, and all methods and getters of the samples. */
function* targets(goods: readonly unknown[]): Generator<readonly [string, Callable]> {
  for (const [entry, exports] of Object.entries(entries)) {
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value !== 'function') continue;
      const exported = value as Callable;
      if (!isClass(exported)) {
        yield [`${entry}.${name}`, exported];
        continue;
      }
      const Class = value as new (...args: readonly unknown[]) => unknown;
      yield [`new ${entry}.${name}`, (...args) => new Class(...args)];
      for (const key of Object.getOwnPropertyNames(value)) {
        const member = Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
        if (key !== 'prototype' && !hidden.has(key) && typeof member === 'function')
          yield [`${entry}.${name}.${key}`, (member as Callable).bind(value)];
      }
    }
  }
  const seen = new Set<string>();
  for (const good of goods) {
    if (typeof good !== 'object' || good === null) continue;
    const prototype = Object.getPrototypeOf(good) as object | null;
    const owned = prototype === Object.prototype ? good : prototype;
    if (owned === null || good instanceof Uint8Array || good instanceof Map || Array.isArray(good) || good instanceof AbortSignal) continue;
    const name = owned === good ? `{${Object.keys(good).join()}}` : owned.constructor.name;
    if (seen.has(name)) continue;
    seen.add(name);
    for (const key of Object.getOwnPropertyNames(owned)) {
      const member = Object.getOwnPropertyDescriptor(owned, key)?.value as unknown;
      if (key === 'constructor' || hidden.has(key) || typeof member !== 'function') continue;
      yield [`${name}#${key}`, (member as Callable).bind(good)];
    }
  }
}

/** What a call gives in the end: promises are awaited, the first element of an iteration is taken. */
async function settle(target: Callable, args: readonly unknown[]): Promise<void> {
  const result = await target(...args);
  if (typeof result !== 'object' || result === null) return;
  if (Symbol.asyncIterator in result) {
    const iterator = (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
  }
}

function show(value: unknown): string {
  if (typeof value === 'symbol' || typeof value === 'function') return typeof value;
  if (value instanceof Uint8Array) return `Uint8Array(${ArrayBuffer.isView(value) ? value.length : '?'})`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `${(Object.getPrototypeOf(value) as object | null)?.constructor.name ?? 'null object'} ${junk.includes(value) ? `junk ${junk.indexOf(value)}` : ''}`;
}

const goods = samples();
/** Objects whose methods are called but which are not passed: whoever takes a pool for an engine leaves its promises to themselves. */
const pools = [pool.createInlinePool(crypto), pool.createCryptoPool({ size: 1 })];
afterAll(async () => {
  for (const each of pools) await each.close();
});
const all = [...targets([...goods, ...pools])].filter(([name]) => !isExcluded(name));

describe('junk gives an answer or a PyrgosError', () => {
  test('there is something to call', () => {
    expect(all.length).toBeGreaterThan(500);
  });

  test.each(all)('%s', async (name, target) => {
    let seed = 0;
    for (const char of name) seed = (seed * 31 + char.charCodeAt(0)) % 2 ** 31;
    const random = seededRandom(seed);
    const pick = (list: readonly unknown[]): unknown => list[random.nextInteger(list.length)];
    const tuples = junk.flatMap((bad) => [[bad], [bad, bad], [bad, bad, bad, bad], [crypto, bad], [crypto, bad, bad, bad]]);
    for (let i = 0; i < MIXTURES; i++) {
      tuples.push(Array.from({ length: 1 + random.nextInteger(5) }, () => pick(random.nextInteger(4) === 0 ? junk : goods)));
    }
    const raw = new Set<string>();
    for (const args of [[], ...tuples]) {
      try {
        await settle(target, args);
      } catch (error) {
        if (error instanceof errors.PyrgosError) continue;
        raw.add(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)} <- ${args.map(show).join(', ')}`);
      }
    }
    expect([...raw].slice(0, 20)).toEqual([]);
  });
});
