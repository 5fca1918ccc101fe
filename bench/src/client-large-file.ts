import type { UserSession } from '@pyrgos/client';
import { inUnit, mebibytesPerSecond, measure, type Measurement, singleMeasurement } from './measure.js';
import { RandomContent } from './random-content.js';

const GIBIBYTE = 1_073_741_824;
const NAME = 'large.bin';
/** Bytes of which making and comparing alone is measured. */
const PROBE = GIBIBYTE / 8;
const SEED = 20;
const SEEKS = 20;
/** Bytes that are read at each place. */
const SEEK_SIZE = 65_536;
/** A prime number of bytes between two places: no two of them fall into the same chunk of 5 MiB in a row. */
const SEEK_STEP = 389_171_003;

const upload = { name: 'upload 1 GiB', target: 80 };
const download = { name: 'download 1 GiB, each byte compared', target: 120 };
const GROUP = 'client large file';

/** One file of 1 GiB of which only the size is known beforehand. */
export async function benchLargeUpload({ files }: UserSession): Promise<readonly Measurement[]> {
  const content = new RandomContent(GIBIBYTE, SEED);
  const start = performance.now();
  await files.write(`${files.homePath}/${NAME}`, content);
  const speed = mebibytesPerSecond(GIBIBYTE)(performance.now() - start);
  return [
    singleMeasurement(GROUP, upload.name, 'MiB/s', speed, upload.target),
    await probe('making the bytes to upload, alone', async () => {
      for await (const _ of new RandomContent(PROBE, SEED).open(0));
    }),
  ];
}

/** The same file as a stream, by a device that has never seen it. */
export async function benchLargeDownload({ files }: UserSession): Promise<readonly Measurement[]> {
  const content = new RandomContent(GIBIBYTE, SEED);
  const check = content.checker();
  const start = performance.now();
  let size = 0;
  const reader = (await files.stream(`${files.homePath}/${NAME}`)).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    check(size, next.value);
    size += next.value.length;
  }
  if (size !== GIBIBYTE) throw new Error(`${size} bytes came`);
  const speed = mebibytesPerSecond(GIBIBYTE)(performance.now() - start);
  const copy = new Uint8Array(PROBE / 64);
  let at = 0;
  for await (const piece of content.open(0)) {
    if (at === copy.length) break;
    copy.set(piece, at);
    at += piece.length;
  }
  return [
    singleMeasurement(GROUP, download.name, 'MiB/s', speed, download.target),
    await probe('making and comparing the bytes, alone', async () => {
      for (let i = 0; i < PROBE / copy.length; i++) check(0, copy);
    }),
  ];
}

/** Reads at places all over the file through one reader; each takes the lookup, the request and the decryption of a new chunk. */
export async function benchSeek({ files }: UserSession): Promise<readonly Measurement[]> {
  const check = new RandomContent(GIBIBYTE, SEED).checker();
  const reader = await files.open(`${files.homePath}/${NAME}`);
  let place = 0;
  const next = (): void => {
    place = (place + SEEK_STEP) % (GIBIBYTE - SEEK_SIZE);
  };
  let bytes = new Uint8Array();
  const read = async (): Promise<void> => {
    bytes = new Uint8Array(await reader.read(place, place + SEEK_SIZE));
  };
  const lines = await measure(
    GROUP,
    'ms',
    (milliseconds) => milliseconds,
    [{ name: `seek in 1 GiB x${SEEKS}`, prepare: next, run: read, target: 100 }],
    { samples: SEEKS, warmUps: 0 },
  );
  check(place, bytes);
  return lines;
}

/** What the benchmark itself costs. */
async function probe(name: string, run: () => Promise<void>): Promise<Measurement> {
  const [line] = await measure(GROUP, 'MiB/s', mebibytesPerSecond(PROBE), [{ name, run }], { samples: 3, warmUps: 1 });
  if (line === undefined) throw new Error('nothing was measured');
  return inUnit(line, line.unit, 1);
}
