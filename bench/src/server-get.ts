import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '@pyrgos/core/bytes';
import { startBareProcess } from './bare-process.js';
import { LoadClient, type LoadRequest, loadRequest } from './load-client.js';
import { inUnit, measure, mebibytesPerSecond, type Measurement } from './measure.js';
import { type Block, LARGE, type ServerWorld, SMALL } from './server-world.js';

const LARGE_BLOCKS = 64;
/** Milliseconds after which no more samples of one load are taken. */
const BUDGET = 1600;
/** Connections and requests of one sample. */
const LARGE_LOADS = [
  { connections: 1, count: 48 },
  { connections: 8, count: 64 },
];
const SMALL_LOADS = [
  { connections: 1, count: 500 },
  { connections: 8, count: 1500 },
];

/** Requests of one sample, in turn. */
function rotation(requests: readonly LoadRequest[], count: number): () => readonly LoadRequest[] {
  let at = 0;
  return () => {
    const start = at;
    at = (at + count) % requests.length;
    return Array.from({ length: count }, (_, i) => requests[(start + i) % requests.length] as LoadRequest);
  };
}

/** Reads of blocks beside a bare node:http server with files of the same bytes, in turn. */
export async function benchServerGet(world: ServerWorld): Promise<Measurement[]> {
  const large = await world.put(
    Array.from({ length: LARGE_BLOCKS }, () => world.largeBlock()),
    true,
  );
  const small = await world.smallBlocks();
  await world.settled(true);
  await assertServed(world, large);
  await assertServed(world, small);
  const bare = await startBareProcess(world.folder);
  const out: Measurement[] = [];
  try {
    for (const { cid, bytes } of [...large, ...small]) await writeFile(join(bare.folder, cid.toString()), bytes);
    for (const load of LARGE_LOADS)
      out.push(...(await benchReads(world, bare.url, { name: '1 MiB', size: LARGE, blocks: large, ...load })));
    for (const load of SMALL_LOADS)
      out.push(...(await benchReads(world, bare.url, { name: '4 KiB', size: SMALL, blocks: small, ...load })));
  } finally {
    bare.stop();
  }
  return out;
}

async function assertServed(world: ServerWorld, [block]: readonly Block[]): Promise<void> {
  const served = block === undefined ? undefined : await world.client.get(world.account, block.cid);
  if (block === undefined || served === undefined || !equalBytes(served, block.bytes)) throw new Error('the server has lost a block');
}

interface Reads {
  readonly name: string;
  readonly size: number;
  readonly blocks: readonly Block[];
  readonly connections: number;
  readonly count: number;
}

async function benchReads(world: ServerWorld, bareUrl: string, { name, size, blocks, connections, count }: Reads): Promise<Measurement[]> {
  const plural = connections === 1 ? '1 connection' : `${connections} connections`;
  const bareName = `node:http, ${plural}`;
  const fromBare = rotation(
    blocks.map(({ cid }) => loadRequest('GET', bareUrl, `/${cid.toString()}`)),
    count,
  );
  const fromServer = rotation(
    blocks.map(({ cid }) => world.request(world.client.getCall(world.account, cid))),
    count,
  );
  const bareLoad = await LoadClient.open(bareUrl, connections);
  const serverLoad = await world.connect(connections);
  const check = (bytes: number): void => {
    if (bytes !== count * size) throw new Error('an answer has the wrong size');
  };
  const lines = await measure(
    `get ${name}`,
    'MiB/s',
    mebibytesPerSecond(count * size),
    [
      { name: bareName, run: async () => check(await bareLoad.run(fromBare())) },
      { name: `server, ${plural}`, run: async () => check(await serverLoad.run(fromServer())), comparedWith: bareName, ratioTarget: 0.6 },
    ],
    { samples: 15, warmUps: 4, budget: BUDGET },
  );
  bareLoad.close();
  serverLoad.close();
  return [...lines, ...lines.slice(1).map((line) => inUnit(line, 'requests/s', LARGE / size))];
}
