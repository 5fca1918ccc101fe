import { type PublicKeyHash } from '@pyrgos/core/keys';
import { decodeCid, type Cid } from '@pyrgos/core/codec';
import type { PointerStore } from '@pyrgos/core/store';
import { blockStoreContract } from '@pyrgos/testkit/contracts/block-store';
import { pointerStoreContract, type StoreHarness } from '@pyrgos/testkit/contracts/pointer-store';
import { Interruption, SpaceWorld } from '../../test/space-world.js';
import { GarbageCollector } from '../gc/garbage-collector.js';
import type { PointerService } from './pointer-service.js';
import { readBytes } from '../sql/sql-values.js';

async function create(): Promise<StoreHarness> {
  const interruption = new Interruption();
  const world = await SpaceWorld.create({ wrap: (local) => interruption.wrap(local) });
  const owner = await world.addUser('alice');
  // What happens in between goes through services with locks of their own: the point is the check inside the database.
  const others = world.servicesOn(world.local).pointers;
  const chosen = (): PointerService => (interruption.isRunning ? others : world.pointers);
  const pointers: PointerStore = {
    getPointer: async (...parameters) => chosen().getPointer(...parameters),
    setPointer: async (...parameters) => chosen().setPointer(...parameters),
    setPointers: async (...parameters) => chosen().setPointers(...parameters),
  };
  const quiet = { info: () => undefined, warn: () => undefined };
  return {
    crypto: world.crypto,
    blocks: world.blocks,
    pointers,
    owner,
    checksBats: true,
    duringNextCommit: (action) => interruption.arm(action),
    ban: async (writer: PublicKeyHash) => {
      const name = await world.space.userOfWriter(owner.publicKey.hash, writer);
      world.banned.add(name ?? '');
    },
    openBlocks: async (): Promise<readonly Cid[]> =>
      world.db
        .prepare('SELECT cid FROM blocks WHERE put >= (SELECT min(first_put) FROM transactions)')
        .all()
        .map((row) => decodeCid(readBytes(row, 'cid'))),
    collectGarbage: async () =>
      new GarbageCollector({
        db: world.db,
        storage: world.storage,
        local: world.local,
        roots: world.space,
        hasher: world.crypto,
        clock: world.clock,
        logger: quiet,
      }).collect(),
    addIdentity: async () => world.addUser('bob'),
    close: async () => world.close(),
  };
}

pointerStoreContract('home server', create);
blockStoreContract('home server', create);
