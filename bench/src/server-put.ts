import type { LoadRequest } from './load-client.js';
import { inUnit, measure, mebibytesPerSecond, type Measurement } from './measure.js';
import { writePlainFiles } from './plain-files.js';
import { BATCH, LARGE, type ServerWorld, SMALL } from './server-world.js';

/** A kind of upload as clients make it. */
interface Upload {
  readonly name: string;
  readonly raw: boolean;
  readonly blocks: number;
  readonly blockSize: number;
  /** Requests in flight, and requests of one sample. */
  readonly loads: readonly (readonly [inFlight: number, requests: number])[];
}

const uploads: readonly Upload[] = [
  {
    name: '1 MiB raw, 1 block a request',
    raw: true,
    blocks: 1,
    blockSize: LARGE,
    loads: [
      [1, 8],
      [4, 24],
      [8, 32],
    ],
  },
  {
    name: `4 KiB dag-cbor, ${BATCH} a request`,
    raw: false,
    blocks: BATCH,
    blockSize: SMALL,
    loads: [
      [1, 2],
      [4, 4],
      [8, 8],
    ],
  },
];

/** Milliseconds after which no more samples of one load are taken. */
const BUDGET = 3500;

/** Durable uploads beside files of the same bytes that are written and synced, pair by pair, and the memory that they take. */
export async function benchServerPut(world: ServerWorld): Promise<Measurement[]> {
  const out: Measurement[] = [];
  await world.resetPeak();
  for (const upload of uploads)
    for (const [inFlight, requests] of upload.loads) out.push(...(await benchUpload(world, upload, inFlight, requests)));
  const peak = await world.memory('VmHWM');
  if (peak !== undefined)
    out.push({ group: 'server memory', name: 'RSS peak under uploads', unit: 'MiB', median: peak, min: peak, max: peak, samples: 1 });
  return out;
}

async function benchUpload(world: ServerWorld, upload: Upload, inFlight: number, requests: number): Promise<Measurement[]> {
  const { blockSize, blocks, raw } = upload;
  const requestSize = blocks * blockSize;
  const plain = `write+fsync, ${inFlight} at a time`;
  const name = `server, ${inFlight} in flight`;
  const newBatches = (): Uint8Array[][] =>
    Array.from({ length: requests }, () => Array.from({ length: blocks }, () => (raw ? world.largeBlock() : world.smallBlock())));
  let batches: readonly (readonly Uint8Array[])[] = [];
  let prepared: readonly LoadRequest[] = [];
  const load = await world.connect(inFlight);
  const lines = await measure(
    `put ${upload.name}`,
    'MiB/s',
    mebibytesPerSecond(requests * requestSize),
    [
      {
        name: plain,
        prepare: () => {
          batches = newBatches();
        },
        run: async () => writePlainFiles(world.folder, batches, inFlight),
      },
      {
        name,
        // The same bytes, which the server has not seen yet.
        prepare: () => {
          prepared = batches.map((batch) => world.putRequest(batch, raw));
          world.stored += requests * blocks;
        },
        run: async () => load.run(prepared),
        comparedWith: plain,
        ratioTarget: 0.6,
      },
    ],
    { samples: 9, warmUps: 1, budget: BUDGET },
  );
  load.close();
  const perRequest = (1024 * 1024) / requestSize;
  return [...lines, ...lines.slice(1).map((line) => inUnit(line, 'requests/s', perRequest))];
}
