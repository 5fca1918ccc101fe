import { type Cid, CidCodec } from '@pyrgos/core/codec';
import { Bat, type SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, InodeFileSystem, MemoryBlocks, parseCapabilityLink, WriterData } from '@pyrgos/core/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SpaceWorld } from '../../test/space-world.js';
import { PublicFiles } from './public-files.js';

let world: SpaceWorld;
let alice: SigningKeyPair;
let files: PublicFiles;
beforeEach(async () => {
  world = await SpaceWorld.create();
  alice = await world.addUser('alice');
  files = new PublicFiles({ hasher: world.crypto, local: world.local, pointers: world.pointers, directory: world.directory });
});
afterEach(() => world.close());

const capability = (byte: number): AbsoluteCapability =>
  AbsoluteCapability.of({
    owner: alice.publicKey.hash,
    writer: alice.publicKey.hash,
    mapKey: new Uint8Array(32).fill(byte),
    bat: Bat.of(new Uint8Array(32).fill(byte)),
    rBaseKey: SymmetricKey.of(new Uint8Array(32).fill(byte)),
  });
const publish = async (paths: readonly string[]): Promise<void> => {
  const blocks = new MemoryBlocks(world.crypto);
  const written: Uint8Array[] = [];
  const sink = {
    putCbor: (bytes: Uint8Array): Cid => {
      written.push(bytes);
      return blocks.putCbor(bytes);
    },
  };
  let filesystem = InodeFileSystem.create({ hasher: world.crypto, source: blocks, sink, context: { owner: alice.publicKey.hash } });
  for (const [i, path] of paths.entries()) filesystem = await filesystem.addCap(path, capability(i + 1));
  const root = filesystem.save();
  await world.store('alice', CidCodec.dagCbor, ...written);
  await world.commit('alice', alice.publicKey.hash, alice.signer, WriterData.of(alice.publicKey.hash, { public: root }));
};
const find = async (path: string, username = 'alice'): Promise<number | string> => {
  try {
    const found = parseCapabilityLink(await files.capabilityLink(username, path));
    return found.mapKey[0] ?? -1;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test('published files and directories, and what lies below them', async () => {
  await publish(['alice/docs/a.txt', 'alice/site', ...Array.from({ length: 40 }, (_, i) => `alice/many/file ${i}`)]);
  expect(await find('docs/a.txt')).toBe(1);
  expect(await find('/docs/a.txt')).toBe(1);
  expect(await find('site')).toBe(2);
  expect(await find('site/')).toBe(2);
  expect(await find('site/css/main.css')).toBe(2);
  expect(await find('many/file 39')).toBe(42);
  for (const path of ['docs', 'docs/b.txt', 'other', '', '/', 'constructor', '__proto__/x'])
    expect(await find(path), path).toBe('not-found.file');
});

test('the link is what the reference writes, without write key', async () => {
  await publish(['alice/site']);
  const link = await files.capabilityLink('alice', 'site');
  expect(link).toMatch(/^#([1-9A-HJ-NP-Za-km-z]+\/){3}[1-9A-HJ-NP-Za-km-z]+$/);
  expect(parseCapabilityLink(link).isWritable).toBe(false);
});

test('nothing published, unknown users, odd paths', async () => {
  expect(await find('site')).toBe('not-found.file');
  await world.commit('alice', alice.publicKey.hash, alice.signer, WriterData.of(alice.publicKey.hash));
  expect(await find('site')).toBe('not-found.file');
  expect(await find('site', 'nobody')).toBe('not-found.file');
  expect(await find('site', '../alice')).toBe('not-found.file');
  await publish(['alice/site']);
  for (const path of ['a//b', 'a\0b', 'x'.repeat(300)]) expect(await find(path), path).toMatch(/^(argument|not-found\.file)$/);
});
