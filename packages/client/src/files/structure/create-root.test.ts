import { Bat, SigningKeyPair } from '@pyrgos/core/keys';
import { expect, test } from 'vitest';
import { CommitWorld } from '../../../test/commit-world.js';
import { createChildWriter } from '../../commit/index.js';
import { CommittedView, listChildren, OperationView, openItem, pathOf, Sessions } from '../view/index.js';
import { createRoot, makeDirectory, SPECIAL_DIRECTORIES } from './index.js';

test('a home directory with its special directories, in one update of each writer', async () => {
  const world = await CommitWorld.create();
  const { crypto, clock, server, owner, identity } = world;
  clock.time = 1_700_000_000_123;
  const sessions = new Sessions({ stores: server, crypto, clock });
  const home = SigningKeyPair.generate(crypto).signer;
  const mirrorBatId = Bat.generate(crypto).mirrorId(crypto);
  await sessions.of(owner).initialiseWriter(identity);
  world.log.length = 0;
  const blocksBefore = server.blockCount(owner);
  const { result: capability } = await sessions.of(owner).compute([owner], async (start, committer) => {
    const operation = new OperationView(sessions, committer, await createChildWriter(committer, start, identity, home));
    const root = await createRoot(operation, { username: 'alice', signer: home, mirrorBatId, clock });
    return { snapshot: operation.snapshot, result: root };
  });
  expect(world.log.filter(({ name }) => name.startsWith('setPointer')).length).toBe(2);
  // Identity: WriterData, owned keys, proof. Home: four nodes, CHAMP, WriterData; an empty CHAMP was there.
  expect(server.blockCount(owner) - blocksBefore).toBe(9);
  expect((await world.writerData(home.publicKeyHash))!.controller.equals(home.publicKeyHash)).toBe(true);

  const view = new CommittedView(new Sessions({ stores: server, crypto, clock }));
  const root = await openItem(view, capability);
  expect(root.name).toBe('alice');
  expect(root.isWritable).toBe(true);
  expect(root.signer!.equals(home)).toBe(true);
  expect(root.opened.parentLink).toBeUndefined();
  expect(root.opened.base!.signerLink).toBeDefined();
  expect(root.properties).toMatchObject({ isHidden: false, isDirectory: true, size: 0, mimeType: '' });
  expect(root.properties.created.toMilliseconds()).toBe(clock.time);
  expect(root.node.mirrorBatId!.equals(mirrorBatId)).toBe(true);
  // That of the reference for a name of five letters (chapter 05 section 12.5); padding hides the difference.
  expect(root.node.encode().length).toBe(4778);
  const children = [];
  for await (const child of listChildren(view, root)) children.push(child);
  expect(children.map(({ name }) => name)).toEqual(SPECIAL_DIRECTORIES);
  for (const child of children) {
    if (child.isDangling) throw child.error;
    expect(child.properties.isHidden).toBe(true);
    expect(child.opened.base!.signerLink).toBeUndefined();
    expect(child.node.mirrorBatId!.equals(mirrorBatId)).toBe(true);
    expect(await pathOf(view, child)).toBe(`/alice/${child.name}`);
    expect(child.node.encode().length).toBeLessThan(4778);
  }

  // And it is usable.
  const made = await sessions.of(owner).compute([home.publicKeyHash], async (start, committer) => {
    const operation = new OperationView(sessions, committer, start);
    return { result: await makeDirectory(operation, root, 'docs'), snapshot: operation.snapshot };
  });
  expect(made.result.node.mirrorBatId!.equals(mirrorBatId)).toBe(true);
});
