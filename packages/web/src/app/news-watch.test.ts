import { expect, test } from 'vitest';
import { NewsWatch } from './news-watch.js';

/** A watch with a clock and a server that the test holds. */
interface World {
  readonly watch: NewsWatch;
  time: number;
  requests: () => Promise<number>;
  looks: number;
}

function world(): World {
  const here: World = {
    time: 0,
    looks: 0,
    requests: async () => Promise.resolve(2),
    watch: new NewsWatch(
      {
        requests: async () => {
          here.looks++;
          return here.requests();
        },
        feed: async () => Promise.resolve(1),
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
  expect(here.watch.counts()).toEqual({ requests: 2, feed: 1 });
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
  expect(here.watch.counts()).toEqual({ requests: 2, feed: 1 });
  here.requests = requests;
  here.watch.note('requests', 5);
  await here.watch.look();
  expect(here.watch.counts()).toEqual({ requests: 2, feed: 1 });
  expect(told).toBe(2);
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
  expect(here.watch.counts()).toEqual({ requests: 0, feed: 0 });
  here.watch.leave();
  here.watch.note('requests', 3);
  expect(here.watch.counts()).toEqual({ requests: 0, feed: 0 });
});
