import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChatSimulation } from '../../test/chat-simulation.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { UserSession } from '../user-session.js';

/** More with `npm run simulate`, by a hundredth: each of these has a server of its own behind it. */
const SEEDS = Math.max(3, Math.floor(Number(process.env['PYRGOS_SIMULATE_SEEDS'] ?? 200) / 100));
const FIRST = Number(process.env['PYRGOS_SIMULATE_FIRST'] ?? 1);
const STEPS = Number(process.env['PYRGOS_SIMULATE_STEPS'] ?? 8) * 2;

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

test(`${SEEDS} random histories of a chat among three people, one of them with two devices, end for all the same`, async () => {
  const users: UserSession[] = [];
  for (const name of ['ada', 'bob', 'cyd']) users.push(await people.join(name));
  for (const [i, one] of users.entries()) for (const other of users.slice(i + 1)) await befriend(one, other);
  const [, bob] = users;
  const devices: (readonly UserSession[])[] = users.map((user) => [user]);
  if (bob !== undefined) devices[1] = [bob, await people.again(bob)];
  const failures: string[] = [];
  for (let i = 0; i < SEEDS; i++) {
    await new ChatSimulation(devices, FIRST + i).run(STEPS).catch((error: unknown) => failures.push(String(error)));
    if (failures.length > 1) break;
  }
  expect(failures.join('\n\n')).toBe('');
}, 3_600_000);
