import { expect, test } from 'vitest';
import { NewsWatch } from './news-watch.js';

/** A watch with a clock and a server that the test holds. */
interface World {
  readonly watch: NewsWatch;
  time: number;
  requests: () => Promise<number>;
  looks: number;
  feedLooks: number;
}

const nothing = { account: false, requests: false, friends: [], chats: [] };

function world(): World {
  const here: World = {
    time: 0,
    looks: 0,
    feedLooks: 0,
    requests: async () => Promise.resolve(2),
    watch: new NewsWatch(
      {
        requests: async () => {
          here.looks++;
          return here.requests();
        },
        feed: async () => {
          here.feedLooks++;
          return Promise.resolve(1);
        },
        chats: async () => Promise.resolve(3),
      },
      () => here.time,
    ),
  };
  return here;
}

test('it looks for whoever is logged in, and not more often than it should', async () => {
  const here = world();
  await here.watch.look();
  expect(here.looks).toBe(0);
  here.watch.enter('ada');
  await here.watch.look(1000);
  expect(here.watch.counts()).toEqual({ requests: 2, feed: 1, chats: 3 });
  here.time = 999;
  await here.watch.look(1000);
  expect(here.looks).toBe(1);
  here.time = 1000;
  await here.watch.look(1000);
  expect(here.looks).toBe(2);
});

test('several who want to know at a time are answered by one look', async () => {
  const here = world();
  here.watch.enter('ada');
  await Promise.all([here.watch.look(), here.watch.look(), here.watch.look()]);
  expect(here.looks).toBe(1);
});

test('a look that fails changes nothing, and the next one is made', async () => {
  const here = world();
  here.watch.enter('ada');
  await here.watch.look();
  const { requests } = here;
  here.requests = async () => Promise.reject(new Error('away'));
  let told = 0;
  here.watch.onLooked(() => told++);
  await here.watch.look();
  expect(here.watch.counts()).toEqual({ requests: 2, feed: 1, chats: 3 });
  here.requests = requests;
  here.watch.note('requests', 5);
  await here.watch.look();
  expect(here.watch.counts()).toEqual({ requests: 2, feed: 1, chats: 3 });
  expect(told).toBe(6);
});

test('what was being counted for somebody who has left is not shown to who comes next', async () => {
  const here = world();
  const answers: ((count: number) => void)[] = [];
  here.requests = async () =>
    new Promise((resolve) => {
      answers.push(resolve);
    });
  here.watch.enter('ada');
  const looking = here.watch.look();
  here.watch.leave();
  here.watch.enter('bob');
  for (const answer of answers) answer(7);
  await looking;
  expect(here.watch.counts()).toEqual({ requests: 0, feed: 0, chats: 0 });
  here.watch.leave();
  here.watch.note('requests', 3);
  expect(here.watch.counts()).toEqual({ requests: 0, feed: 0, chats: 0 });
});

test('what has changed is counted, and nothing else', async () => {
  const here = world();
  await here.watch.hear({ ...nothing, requests: true });
  expect([here.looks, here.feedLooks]).toEqual([0, 0]);
  here.watch.enter('ada');
  const looked: unknown[] = [];
  const stop = here.watch.onLooked((kind) => looked.push(kind));
  await here.watch.hear({ ...nothing, requests: true });
  expect(here.watch.counts()).toEqual({ requests: 2, feed: 0, chats: 0 });
  await here.watch.hear({ ...nothing, friends: ['bob'] });
  await here.watch.hear({ ...nothing, account: true });
  await here.watch.hear({ ...nothing, chats: ['one'] });
  expect([here.looks, here.feedLooks]).toEqual([1, 2]);
  expect(looked).toEqual(['requests', 'chats', 'feed', 'chats', 'feed', 'chats']);
  stop();
  await here.watch.hear({ ...nothing, account: true });
  expect(looked).toHaveLength(6);
});

test('what changes while it is being counted is counted once more, however often it changes', async () => {
  const here = world();
  const answers: ((count: number) => void)[] = [];
  here.requests = async () =>
    new Promise((resolve) => {
      answers.push(resolve);
    });
  here.watch.enter('ada');
  const first = here.watch.hear({ ...nothing, requests: true });
  const others = [1, 2, 3].map(async () => here.watch.hear({ ...nothing, requests: true }));
  answers[0]?.(1);
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.(4);
  await Promise.all([first, ...others]);
  expect(here.looks).toBe(2);
  expect(here.watch.counts()).toEqual({ requests: 4, feed: 0, chats: 0 });
});

test('screens hear of every change before it is counted, until they stop to listen', async () => {
  const here = world();
  here.watch.enter('ada');
  const heard: unknown[] = [];
  const stop = here.watch.onChange((changes) => heard.push([changes.chats, here.feedLooks]));
  await here.watch.hear({ ...nothing, account: true, chats: ['one'] });
  stop();
  await here.watch.hear({ ...nothing, chats: ['two'] });
  expect(heard).toEqual([[['one'], 0]]);
});
