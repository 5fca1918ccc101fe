import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equalBytes } from '@pyrgos/core/bytes';
import { LoadClient, type LoadRequest, loadRequest } from './load-client.js';
import { inUnit, measure, mebibytesPerSecond, type Measurement } from './measure.js';
import { type Block, LARGE, type ServerWorld, SMALL } from './server-world.js';

const LARGE_BLOCKS = 64;
/** Milliseconds after which no more samples of one load are taken. */
const BUDGET = 1800;

/** The bare server as a process of its own. */
async function startBareServer(folder: string): Promise<{ readonly url: string; readonly stop: () => void }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./bare-file-server.js', import.meta.url)), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error('the bare file server ended')));
    child.stdout.once('data', (data: Buffer) => resolve(Number(data.toString('utf8'))));
  });
  return { url: `http://localhost:${port}`, stop: () => child.stdin.end() };
}

/** Requests of one sample, in turn. */
function rotation(requests: readonly LoadRequest[], count: number): () => readonly LoadRequest[] {
  let at = 0;
  return () => {
    const start = at;
    at = (at + count) % requests.length;
    return Array.from({ length: count }, (_, i) => requests[(start + i) % requests.length] as LoadRequest);
  };
}

/** Reads of blocks beside a bare node:http server with files of the same bytes, pair by pair. */
export async function benchServerGet(world: ServerWorld): Promise<Measurement[]> {
  const large = await world.put(
    Array.from({ length: LARGE_BLOCKS }, () => world.largeBlock()),
    true,
  );
  const small = await world.smallBlocks();
  const folder = join(world.folder, 'files');
  await mkdir(folder);
  const bare = await startBareServer(folder);
  const out: Measurement[] = [];
  try {
    for (const [name, size, blocks, loads] of [
      [
        '1 MiB',
        LARGE,
        large,
        [
          [1, 48],
          [8, 64],
        ],
      ],
      [
        '4 KiB',
        SMALL,
        small,
        [
          [1, 400],
          [8, 1600],
        ],
      ],
    ] as const) {
      for (const { cid, bytes } of blocks) await writeFile(join(folder, cid.toString()), bytes);
      await assertServed(world, blocks);
      for (const [connections, count] of loads)
        out.push(...(await benchReads(world, bare.url, { name, size, blocks, connections, count })));
    }
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
  /** Requests of one sample. */
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
    { samples: 15, warmUps: 2, budget: BUDGET },
  );
  bareLoad.close();
  serverLoad.close();
  return [...lines, ...lines.slice(1).map((line) => inUnit(line, 'requests/s', LARGE / size))];
}
