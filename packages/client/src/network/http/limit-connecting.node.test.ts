import { createServer, type AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { CONNECT_TIMEOUT } from '@pyrgos/core/limits';
import { expect, test } from 'vitest';
import type { SetTimer } from '../../waiting/timer.js';
import { limitConnecting } from './limit-connecting.node.js';
import type { TransportFailure } from './transport.js';

/** Timers that go off when they are told to. */
function timers(): { readonly timer: SetTimer; readonly set: Map<() => void, number> } {
  const set = new Map<() => void, number>();
  const timer: SetTimer = (milliseconds, fire) => {
    set.set(fire, milliseconds);
    return () => set.delete(fire);
  };
  return { timer, set };
}

test('a connection that does not come about is given up: nothing was sent', () => {
  const { timer, set } = timers();
  const failures: TransportFailure[] = [];
  const socket = new Socket();
  // The name is looked up for ever.
  socket.connect({ host: 'nowhere.example', port: 1, lookup: () => undefined });
  limitConnecting(socket, timer, (failure) => failures.push(failure));
  expect([...set.values()]).toEqual([CONNECT_TIMEOUT]);
  for (const fire of set.keys()) fire();
  expect(failures).toMatchObject([{ reason: 'unreachable', detail: 'ETIMEDOUT' }]);
  expect(socket.destroyed).toBe(true);
});

test('one that does is left alone', async () => {
  const { timer, set } = timers();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = new Socket();
  try {
    socket.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    limitConnecting(socket, timer, () => undefined);
    expect(set.size).toBe(1);
    await once(socket, 'connect');
    expect(set.size).toBe(0);
    limitConnecting(socket, timer, () => undefined);
    expect(set.size).toBe(0);
  } finally {
    socket.destroy();
    server.close();
  }
});
