import type { Cid } from '@pyrgos/core/codec';
import { Champ, ChunkMirrorCap, MemoryBlocks } from '@pyrgos/core/model';
import { measure, operationsPerSecond, type Measurement } from './measure.js';
import type { ServerWorld } from './server-world.js';

const ENTRIES = 10_000;
/** Milliseconds after which no more samples of one load are taken. */
const BUDGET = 1000;

/** Keeps what a tree is made of, to be uploaded. */
class Recorder extends MemoryBlocks {
  readonly bytes: Uint8Array[] = [];

  override putCbor(bytes: Uint8Array): Cid {
    this.bytes.push(bytes);
    return super.putCbor(bytes);
  }
}

/** Bulk lookups in a tree of 10,000 chunks; the chunks that are asked for are blocks of 4 KiB. */
export async function benchServerChamp(world: ServerWorld): Promise<Measurement[]> {
  const { account, client, crypto } = world;
  const values = await world.smallBlocks();
  const nodes = new Recorder(crypto);
  const champ = Champ.empty(nodes, { owner: account.identity.publicKey.hash });
  const keys: Uint8Array[] = [];
  for (let i = 0; i < ENTRIES; i++) {
    const key = crypto.randomBytes(32);
    const value = values[i % values.length];
    if (value === undefined) throw new Error('no values');
    keys.push(key);
    await champ.put(key, undefined, value.cid);
  }
  const root = champ.flush(nodes);
  await world.put(nodes.bytes, false);

  let next = 0;
  const request = (caps: number) =>
    world.request(
      client.champCall(
        account,
        root,
        Array.from({ length: caps }, () => ChunkMirrorCap.of(keys[next++ % ENTRIES] ?? new Uint8Array(32))),
      ),
    );
  const out: Measurement[] = [];
  for (const connections of [1, 8]) {
    const load = await world.connect(connections);
    for (const [caps, count] of [
      [1, 200],
      [20, 40],
    ] as const) {
      let requests = [request(caps)];
      out.push(
        ...(await measure(
          'champ/get/bulk, 10000 entries',
          'requests/s',
          operationsPerSecond(count),
          [
            {
              name: `${caps} ${caps === 1 ? 'cap' : 'caps'}, ${connections} in flight`,
              prepare: () => {
                requests = Array.from({ length: count }, () => request(caps));
              },
              run: async () => {
                // Every lookup finds its value.
                if ((await load.run(requests)) < count * caps * 4096) throw new Error('values are missing in the answers');
              },
            },
          ],
          { samples: 9, warmUps: 1, budget: BUDGET },
        )),
      );
    }
    load.close();
  }
  return out;
}
