import type { Socket } from 'node:net';
import { CONNECT_TIMEOUT } from '@pyrgos/core/limits';
import type { SetTimer } from '../../waiting/timer.js';
import { failureToConnect, type TransportFailure } from './transport.js';

/** Ends a socket that is not connected after CONNECT_TIMEOUT, and tells `fail` before. Nothing for one that is connected already. */
export function limitConnecting(socket: Socket, timer: SetTimer, fail: (failure: TransportFailure) => void): void {
  if (!socket.connecting) return;
  const stop = timer(CONNECT_TIMEOUT, () => {
    fail(failureToConnect('ETIMEDOUT'));
    socket.destroy();
  });
  socket.once('connect', stop);
  socket.once('close', stop);
}
