import { equalBytes } from '@pyrgos/core/bytes';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { systemClock } from '../commit/index.js';
import { PyrgosServer } from '../pyrgos-server.js';

// The real server and its collector: only the clocks of both sides go on by three days while the client sleeps.

let world: ServerWorld;
let slept = 0;
const clock = { now: (): number => Date.now() + slept, sleep: systemClock.sleep };

beforeAll(async () => {
  world = await ServerWorld.start({ clock });
});
afterAll(async () => world.close());

test('a file that is replaced while the machine sleeps for three days is uploaded again', async () => {
  const large = seededRandom(5).randomBytes(21_000_000);
  const login = { username: 'sleeper', password: 'violet anchor sleeps beneath copper' };
  const connect = (): PyrgosServer => new PyrgosServer(world.network({ clock }), { crypto: world.quick, clock });
  const { files } = await connect().signUp(login);
  await files.write('/sleeper/f', new Uint8Array(6_000_000));
  const pieces = async function* (offset: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < large.length; at += 1_000_000) {
      if (at >= 20_000_000 && slept === 0) {
        // The chunks before are being sent; it takes as long as it takes until the collector sees one of them.
        const { operator } = world.running;
        do slept += 3 * 86_400_000;
        while ((await operator.collectGarbage()).blocks === 0);
      }
      yield large.subarray(at, at + 1_000_000);
    }
  };
  await files.write('/sleeper/f', { size: large.length, open: pieces });
  expect(slept).toBeGreaterThan(0);
  await world.running.operator.collectGarbage();
  const other = await connect().logIn(login);
  expect(equalBytes(await other.files.read('/sleeper/f'), large)).toBe(true);
});
