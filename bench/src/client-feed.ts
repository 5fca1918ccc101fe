import { connect, type PyrgosServer, type UserSession } from '@pyrgos/client';
import { type Measurement, singleMeasurement } from './measure.js';

const FRIENDS = 20;
/** Milliseconds that every request takes longer than it does on one machine. */
const DELAY = 50;
const PASSWORD = 'seven grey lanterns swinging over water';
/** Milliseconds in which the news of all friends should be there. */
const TARGET = 3000;

/** A device far away from the server, which counts its requests. */
class FarDevice {
  requests = 0;

  constructor(private readonly url: string) {}

  async connect(): Promise<PyrgosServer> {
    return connect(this.url, {
      pointerCacheMilliseconds: 0,
      http: {
        fetch: async (...request: Parameters<typeof fetch>) => {
          this.requests++;
          await new Promise((resolve) => setTimeout(resolve, DELAY));
          return fetch(...request);
        },
      },
    });
  }
}

/** The news of 20 friends, each of whom has posted once since the last look, for somebody far away from the server. */
export async function benchFeed(url: string): Promise<readonly Measurement[]> {
  const near = await connect(url, { pointerCacheMilliseconds: 0 });
  const reader = await near.signUp({ username: 'reader', password: PASSWORD });
  const friends: UserSession[] = [];
  for (let i = 0; i < FRIENDS; i++) {
    const friend = await near.signUp({ username: `friend-${i}`, password: PASSWORD });
    await friend.friends.follow('reader');
    await reader.friends.accept(friend.username);
    await friend.friends.state();
    friends.push(friend);
  }
  await reader.feed.update();
  const far = new FarDevice(url);
  const session = await (await far.connect()).logIn({ username: 'reader', password: PASSWORD });
  const lines: Measurement[] = [];
  for (const kind of ['fresh session', 'the same session later']) {
    for (const friend of friends) await friend.posts.create({ text: `what ${friend.username} says for a ${kind}` });
    far.requests = 0;
    const begin = performance.now();
    const { added } = await session.feed.update();
    const updated = performance.now();
    const { items } = await session.feed.page();
    const end = performance.now();
    const posts = items.filter((item) => item.kind === 'post').length;
    if (added < FRIENDS || posts !== FRIENDS) throw new Error(`${added} items were added, and ${posts} posts are shown`);
    const name = `feed with ${FRIENDS} friends, one new post each, ${DELAY} ms per request: ${kind}`;
    lines.push(singleMeasurement('client feed', name, 'ms', end - begin, TARGET));
    lines.push(singleMeasurement('client feed', 'of that the update', 'ms', updated - begin));
    lines.push(singleMeasurement('client feed', 'requests', 'requests', far.requests));
  }
  for (const one of [...friends, reader, session]) one.close();
  return lines;
}
