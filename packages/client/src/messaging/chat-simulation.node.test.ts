import { NetworkError } from '@pyrgos/core/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { ChatSimulation, type SimulatedPerson, type StoppingSession } from '../../test/chat-simulation.js';
import { endingNetwork } from '../../test/ending-network.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Network } from '../network/index.js';
import type { UserSession } from '../user-session.js';

/** More with `npm run simulate`, by a hundredth: each of these has a server of its own behind it. */
const SEEDS = Math.max(10, Math.floor(Number(process.env['PYRGOS_SIMULATE_SEEDS'] ?? 200) / 100));
const FIRST = Number(process.env['PYRGOS_SIMULATE_FIRST'] ?? 1);
const STEPS = Number(process.env['PYRGOS_SIMULATE_STEPS'] ?? 8) * 2;

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

/** The network of a test that does not reach the data of some. */
function networkWithout(away: ReadonlySet<string>): Network {
  const network = world.network();
  const reach = (pointers: Network['pointers']): Network['pointers'] => {
    const getPointer: typeof pointers.getPointer = async (owner, ...rest) => {
      if (away.has(owner.toString())) throw new NetworkError('no connection', { data: { reason: 'unreachable' } });
      return pointers.getPointer(owner, ...rest);
    };
    const { current } = pointers;
    return overriding(pointers, { getPointer, ...(current === undefined ? {} : { current: reach(current) }) });
  };
  return changedNetwork(network, { pointers: reach(network.pointers) });
}

test(`${SEEDS} random histories of a chat among two to four people, one of them with two devices, end for all the same`, async () => {
  const persons: SimulatedPerson[] = [];
  for (const name of ['ada', 'bob', 'cyd', 'dan']) {
    const away = new Set<string>();
    const session = await people.join(name, networkWithout(away));
    const devices = name === 'bob' ? [session, await people.again(session, networkWithout(away))] : [session];
    persons.push({ devices, away });
  }
  const users = persons.map(({ devices }) => devices[0] as UserSession);
  for (const [i, one] of users.entries()) for (const other of users.slice(i + 1)) await befriend(one, other);
  const stopping = async (session: UserSession): Promise<StoppingSession> => {
    const { network, endAt } = endingNetwork(world.network(), true);
    return { session: await people.again(session, network), endAt };
  };
  const failures: string[] = [];
  for (let i = 0; i < SEEDS; i++) {
    await new ChatSimulation(persons, FIRST + i, stopping).run(STEPS).catch((error: unknown) => failures.push(String(error)));
    if (failures.length > 1) break;
  }
  expect(failures.join('\n\n')).toBe('');
}, 3_600_000);
