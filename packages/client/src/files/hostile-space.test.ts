import { Cid, CidCodec } from '@pyrgos/core/codec';
import { OwnerProof, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { OwnedKeys } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { content } from '../../test/file-world.js';
import { StructureWorld } from '../../test/structure-world.js';
import { FileSystem } from './file-system.js';

/** What somebody who may write in one writing space can do to the list of the writers below it. */
const attacks: Record<string, (world: StructureWorld, signer: Signer) => Promise<void>> = {
  'a list that is not there': (world, signer) =>
    world.operateOn([signer.publicKeyHash], async (operation) => {
      const { committer, snapshot } = operation;
      const owned = Cid.ofSha256(world.files.crypto.randomBytes(32), CidCodec.dagCbor);
      operation.advance(await committer.commit(snapshot, signer, snapshot.get(signer.publicKeyHash)!.writerData!.with({ owned })));
    }),
  'a list of many that do not exist': (world, signer) =>
    world.operateOn([signer.publicKeyHash], async (operation) => {
      const { committer, snapshot } = operation;
      const { crypto } = world.files;
      const writer = signer.publicKeyHash;
      const data = snapshot.get(writer)!.writerData!;
      const owned = OwnedKeys.open(data.owned, committer.blocks, committer.context);
      const sink = committer.blocks.sinkFor(writer);
      for (let i = 0; i < 500; i++) await owned.add(OwnerProof.create(crypto, SigningKeyPair.generate(crypto).signer, writer), sink);
      operation.advance(await committer.commit(snapshot, signer, data.with({ owned: owned.flush(sink) })));
    }),
};

describe.each(Object.entries(attacks))('%s below a shared directory', (_, attack) => {
  let world: StructureWorld;
  let system: FileSystem;

  beforeEach(async () => {
    world = await StructureWorld.create();
    const { files } = world;
    const plain = await files.addDirectory(files.home, 'plain');
    await files.addFile(plain, 'a', content(10));
    await files.addFile(files.home, 'b', content(10));
    const outer = await files.addLinkedDirectory(files.home, 'outer', 150);
    const inner = await files.addLinkedDirectory(outer, 'inner', 151);
    await files.addFile(inner, 'deep', content(10));
    world.wait();
    await attack(world, outer.signer);
    world.restart();
    world.wait();
    const { server, clock } = files.base;
    system = new FileSystem({ sessions: world.sessions, username: 'ada', home: files.home.capability, blocks: server.blocks, clock });
  });

  test('costs files elsewhere nothing', async () => {
    world.files.requests();
    await system.move('/ada/b', '/ada/plain');
    await system.remove('/ada/plain/b');
    expect(world.files.requests().length).toBeLessThan(60);
  });

  test('keeps nobody from removing directories, that one included', async () => {
    await system.remove('/ada/plain');
    await system.move('/ada/outer/inner', '/ada', { keepAccess: false });
    await system.remove('/ada/inner');
    await system.remove('/ada/outer');
    const names: string[] = [];
    for await (const entry of system.list('/ada')) names.push(entry.name ?? '?');
    expect(names).toEqual(['b']);
    const { base } = world.files;
    for (const n of [150, 151]) expect(await base.target(base.signer(n).publicKeyHash)).toBeUndefined();
  });
});
