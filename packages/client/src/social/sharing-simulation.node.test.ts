import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { SharingSimulation, type SimulationWorld } from '../../test/sharing-simulation.js';
import { letFollow } from '../../test/social-world.js';
import { connect } from '../index.js';

const password = 'nine copper kettles in the rain';
const users = ['bob', 'carol', 'dan'];
/** More with `npm run simulate`. */
const SEEDS = Number(process.env['PYRGOS_SIMULATE_SEEDS'] ?? 200);
const FIRST = Number(process.env['PYRGOS_SIMULATE_FIRST'] ?? 1);
const STEPS = Number(process.env['PYRGOS_SIMULATE_STEPS'] ?? 8);
/** Seeds in one account: what was given to somebody once is tried in every further step. */
const PER_ACCOUNT = 2;

let world: ServerWorld;
beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

test(`${SEEDS} random histories of sharing end for everybody as the rules say`, async () => {
  const server = await connect(world.url, { crypto: world.quick, pointerCacheMilliseconds: 0 });
  const stranger = await server.signUp({ username: 'stranger', password });
  const failures: string[] = [];
  let simulation: SimulationWorld | undefined;
  for (let i = 0; i < SEEDS; i++) {
    if (simulation === undefined || i % PER_ACCOUNT === 0) {
      simulation?.owner.close();
      const owner = await server.signUp({ username: `owner${i}`, password });
      await letFollow(owner, ...users);
      simulation = { owner, stranger, users };
    }
    await new SharingSimulation(simulation, FIRST + i).run(STEPS).catch((error: unknown) => failures.push(String(error)));
    if (failures.length > 2) break;
  }
  expect(failures.join('\n\n')).toBe('');
}, 3_600_000);
