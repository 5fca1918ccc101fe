import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { measure, type Measurement } from './measure.js';
import type { ServerWorld } from './server-world.js';

const BLOCKS = 10_000;
const USERS = 20;
const IDLE_MILLISECONDS = 5000;
/** Milliseconds between two looks at a server that does not answer yet. */
const POLL_MILLISECONDS = 4;

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function isHealthy(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });
}

async function emptyProgram(): Promise<void> {
  await new Promise((resolve) => spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }).once('close', resolve));
}

/** From the start of the process to the first 200 of /healthz, with data that was there; then the memory of the idle server. */
export async function benchServerStart(world: ServerWorld): Promise<Measurement[]> {
  const { daemon } = world;
  await world.users(USERS);
  const missing = BLOCKS - world.stored;
  if (missing > 0) {
    await world.put(
      Array.from({ length: missing }, () => world.smallBlock()),
      false,
    );
  }
  const restart = async (): Promise<void> => {
    let ended = false;
    const ready = daemon.restart().finally(() => {
      ended = true;
    });
    const health = new URL('/healthz', daemon.url);
    // Once the server has said that it is ready, one more look is enough.
    for (let last = false; !(await isHealthy(health)); last = ended) {
      if (last) break;
      await pause(POLL_MILLISECONDS);
    }
    await ready;
  };
  const node = 'node, empty program';
  const lines = await measure(
    `start with ${BLOCKS} blocks, ${USERS} users`,
    'ms',
    (milliseconds) => milliseconds,
    [
      { name: node, run: emptyProgram },
      { name: 'server, to /healthz', prepare: async () => daemon.stop(), run: restart, target: 1000, comparedWith: node },
    ],
    { samples: 5, warmUps: 1 },
  );
  await pause(IDLE_MILLISECONDS);
  const idle = await world.memory('VmRSS');
  const memory = {
    group: 'server memory',
    name: `RSS idle, ${IDLE_MILLISECONDS / 1000} s after the start`,
    unit: 'MiB',
    samples: 1,
    target: 120,
  };
  return idle === undefined ? lines : [...lines, { ...memory, median: idle, min: idle, max: idle }];
}
