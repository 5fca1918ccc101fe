import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type BareProcess, startBareProcess } from './bare-process.js';
import { LoadClient, type LoadRequest, loadRequest } from './load-client.js';
import { inUnit, measure, mebibytesPerSecond, type Measurement } from './measure.js';
import { PlainFiles } from './plain-files.js';
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
    name: '1 MiB raw, 1 a request',
    raw: true,
    blocks: 1,
    blockSize: LARGE,
    loads: [
      [1, 8],
      [4, 16],
      [8, 24],
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
const BUDGET = 2200;

/** Requests of small blocks of one long upload, and those before it that fill the journal of the server: it must not be faster for it. */
const LONG = { requests: 96, before: 72, inFlight: 8, samples: 2 };

/** What all loads share. */
interface Contestants {
  readonly world: ServerWorld;
  readonly plain: PlainFiles;
  readonly bare: BareProcess;
}

/**
 * Durable uploads beside files of the same bytes that are written and synced, in turn, and the memory that they take. A third line shows what
 * sending the bytes costs: a bare server that writes and syncs the same files. Blocks of a megabyte are compared with that line, because
 * sending one takes longer than writing it.
 */
export async function benchServerPut(world: ServerWorld): Promise<Measurement[]> {
  // A user's first thousand blocks make the folders; what is measured is what comes after them.
  await world.smallBlocks();
  const plain = new PlainFiles(await mkdtemp(join(world.folder, 'plain-')));
  const bare = await startBareProcess(world.folder);
  await world.resetPeak();
  const out: Measurement[] = [];
  try {
    for (const upload of uploads) {
      for (const [inFlight, requests] of upload.loads) out.push(...(await benchUpload({ world, plain, bare }, upload, inFlight, requests)));
    }
    out.push(...(await benchLongUpload({ world, plain, bare })));
  } finally {
    bare.stop();
  }
  const peak = await world.memory('VmHWM');
  if (peak === undefined) return out;
  return [...out, { group: 'server memory', name: 'RSS peak under uploads', unit: 'MiB', median: peak, min: peak, max: peak, samples: 1 }];
}

function newBatches({ world }: Contestants, { raw, blocks }: Upload, requests: number): Uint8Array[][] {
  return Array.from({ length: requests }, () => Array.from({ length: blocks }, () => (raw ? world.largeBlock() : world.smallBlock())));
}

async function benchUpload(contestants: Contestants, upload: Upload, inFlight: number, requests: number): Promise<Measurement[]> {
  const { world, plain, bare } = contestants;
  const { name, raw, blocks, blockSize } = upload;
  const requestSize = blocks * blockSize;
  const reference = `write+fsync, ${inFlight} at a time`;
  const sending = `node:http and write+fsync, ${inFlight} in flight`;
  let batches: readonly (readonly Uint8Array[])[] = [];
  let prepared: readonly LoadRequest[] = [];
  const [toServer, toBare] = [await world.connect(inFlight), await LoadClient.open(bare.url, inFlight)];
  const lines = await measure(
    `put ${name}`,
    'MiB/s',
    mebibytesPerSecond(requests * requestSize),
    [
      {
        name: reference,
        prepare: async () => {
          batches = newBatches(contestants, upload, requests);
          await world.settled();
        },
        run: async () => plain.writeAll(batches, inFlight),
      },
      {
        name: sending,
        prepare: () => {
          prepared = batches.map((batch) => loadRequest('POST', bare.url, `/${blockSize}`, Buffer.concat(batch)));
        },
        run: async () => toBare.run(prepared),
        comparedWith: reference,
      },
      {
        name: `server, ${inFlight} in flight`,
        // The same bytes, which the server has not seen yet.
        prepare: () => {
          prepared = batches.map((batch) => world.putRequest(batch, raw));
          world.stored += requests * blocks;
        },
        run: async () => toServer.run(prepared),
        comparedWith: raw ? sending : reference,
        ratioTarget: 0.6,
      },
    ],
    { samples: 9, warmUps: 1, budget: BUDGET },
  );
  toServer.close();
  toBare.close();
  return withRequests(lines, LARGE / requestSize);
}

/** Small blocks for so long that the journal is full all the time, and as many are synced one by one as come in. */
async function benchLongUpload(contestants: Contestants): Promise<Measurement[]> {
  const upload = uploads.at(-1);
  if (upload === undefined) return [];
  const { world, plain } = contestants;
  const { requests, before, inFlight, samples } = LONG;
  const reference = `write+fsync, ${inFlight} at a time`;
  let batches: readonly (readonly Uint8Array[])[] = [];
  let prepared: readonly LoadRequest[] = [];
  const toServer = await world.connect(inFlight);
  const lines = await measure(
    `put ${upload.name}, for long`,
    'MiB/s',
    mebibytesPerSecond(requests * upload.blocks * upload.blockSize),
    [
      {
        name: reference,
        prepare: async () => {
          batches = newBatches(contestants, upload, requests);
          await world.settled();
        },
        run: async () => plain.writeAll(batches, inFlight),
      },
      {
        name: `server, ${inFlight} in flight`,
        prepare: async () => {
          prepared = batches.map((batch) => world.putRequest(batch, upload.raw));
          world.stored += (before + requests) * upload.blocks;
          await toServer.run(newBatches(contestants, upload, before).map((batch) => world.putRequest(batch, upload.raw)));
        },
        run: async () => toServer.run(prepared),
        comparedWith: reference,
      },
    ],
    { samples, warmUps: 0 },
  );
  toServer.close();
  await world.settled();
  return lines;
}

/** Adds requests a second to the line of the server. */
function withRequests(lines: readonly Measurement[], perMebibyte: number): Measurement[] {
  return lines.flatMap((line) => (line.ratioTarget === undefined ? [line] : [line, inUnit(line, 'requests/s', perMebibyte)]));
}
