import { expect, onTestFinished, test } from 'vitest';
import { GivenOut } from './given-out.js';
import type { StreamReply, StreamRequest } from './stream-messages.js';

const OFFER = { name: 'a', size: 4, mimeType: '', isDownload: true };
const FAILED = 'the file could not be read to its end';

/** A thing with an engine at its other end, and a page and a time that the test decides on. */
class World {
  isPageThere = true;
  looks = 0;
  ends = 0;
  readonly requests: StreamRequest[] = [];
  private readonly channel = new MessageChannel();
  private readonly sleepers: (() => void)[] = [];
  readonly thing = new GivenOut(
    OFFER,
    this.channel.port2,
    {
      isPageThere: async () => {
        this.looks++;
        return Promise.resolve(this.isPageThere);
      },
      sleep: async () =>
        new Promise((resolve) => {
          this.sleepers.push(resolve);
        }),
    },
    () => this.ends++,
  );

  constructor(answer?: (request: StreamRequest) => StreamReply | undefined) {
    this.channel.port1.onmessage = ({ data }: MessageEvent<StreamRequest>) => {
      this.requests.push(data);
      const reply = answer?.(data);
      if (reply !== undefined) this.channel.port1.postMessage(reply);
    };
    onTestFinished(() => {
      this.channel.port1.close();
    });
  }

  get sleeping(): number {
    return this.sleepers.length;
  }

  /** Lets the time pass until the next look. */
  wake(): void {
    for (const wake of this.sleepers.splice(0)) wake();
  }
}

/** Gives two pieces, and then the end. */
function pieces(): (request: StreamRequest) => StreamReply | undefined {
  let given = 0;
  return ({ kind, stream }) => {
    if (kind !== 'pull') return undefined;
    given++;
    return given > 2 ? { kind: 'end', stream } : { kind: 'piece', stream, bytes: Uint8Array.of(given, given) };
  };
}

test('a stream gives what the engine answers, to its end', async () => {
  const world = new World(pieces());
  expect(await new Response(world.thing.open(0, 4)).bytes()).toEqual(Uint8Array.of(1, 1, 2, 2));
  expect(world.requests[0]).toEqual({ kind: 'open', stream: 1, start: 0, end: 4 });
  world.wake();
  await expect.poll(() => world.sleeping).toBe(0);
  expect([world.looks, world.ends]).toEqual([0, 0]);
});

test('a slow page is waited for', async () => {
  let isSlow = true;
  const world = new World(({ kind, stream }) => (kind === 'pull' && !isSlow ? { kind: 'end', stream } : undefined));
  const reader = world.thing.open(0, 4).getReader();
  const read = reader.read();
  for (const look of [1, 2, 3]) {
    await expect.poll(() => world.sleeping).toBe(1);
    world.wake();
    await expect.poll(() => world.looks).toBe(look);
  }
  isSlow = false;
  const other = world.thing.open(0, 4).getReader();
  expect(await other.read()).toEqual({ done: true, value: undefined });
  world.thing.end();
  await expect(read).rejects.toThrow(FAILED);
});

test('all streams fail when the page is gone, and later ones too', async () => {
  const world = new World();
  const reads = [world.thing.open(0, 4), world.thing.open(2, 4)].map(async (stream) => stream.getReader().read());
  const rejections = reads.map(async (read) => expect(read).rejects.toThrow(FAILED));
  await expect.poll(() => world.sleeping).toBe(1);
  world.isPageThere = false;
  world.wake();
  await Promise.all(rejections);
  expect(world.ends).toBe(1);
  await expect(world.thing.open(0, 4).getReader().read()).rejects.toThrow(FAILED);
});

test('a stream that is not read at the time fails too when the thing is taken back', async () => {
  const world = new World(pieces());
  const reader = world.thing.open(0, 4).getReader();
  expect((await reader.read()).value).toEqual(Uint8Array.of(1, 1));
  world.thing.end();
  world.thing.end();
  await expect(reader.read()).rejects.toThrow(FAILED);
  expect(world.ends).toBe(1);
});

test('who does not want any more is not waited for', async () => {
  const world = new World();
  const reader = world.thing.open(0, 4).getReader();
  const read = reader.read();
  await expect.poll(() => world.sleeping).toBe(1);
  await reader.cancel();
  expect(await read).toEqual({ done: true, value: undefined });
  await expect.poll(() => world.requests.at(-1)?.kind).toBe('cancel');
  world.isPageThere = false;
  world.wake();
  expect([world.looks, world.ends]).toEqual([0, 0]);
});
