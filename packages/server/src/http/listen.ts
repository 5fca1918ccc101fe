import { createServer, type Server } from 'node:net';
import { PyrgosError } from '@pyrgos/core/errors';
import { systemReason } from '../system-reason.js';

/** Where to listen. */
export interface ListenPlace {
  /** A name or address. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Why it is not possible to listen somewhere. `network`. */
export class ListenError extends PyrgosError {
  override readonly name = 'ListenError';

  constructor(
    place: ListenPlace,
    /** What has to be changed. */
    readonly culprit: 'host' | 'port',
    /** The end of a sentence that begins with the culprit. */
    readonly reason: string,
    cause: unknown,
  ) {
    const subject = culprit === 'port' ? `Port ${place.port} of ${place.host}` : place.host;
    super('network', `${subject} ${reason}`, { data: { port: place.port }, cause });
  }
}

function describe(place: ListenPlace, error: NodeJS.ErrnoException): ListenError {
  const code = error.code ?? 'unknown';
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(place, 'port', 'is used by another program', error);
    case 'EACCES':
      return new ListenError(place, 'port', 'may not be used by this user of the machine', error);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new ListenError(place, 'host', 'is not an address of this machine', error);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(place, 'host', 'is a name that this machine does not know', error);
    default:
      return new ListenError(place, 'port', `cannot be used: ${systemReason(error)}`, error);
  }
}

/** Begins to listen. ListenError. */
export async function listen(server: Server, place: ListenPlace & { readonly backlog?: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(describe(place, error));
    };
    server.once('error', onError);
    server.listen(place, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

/** ListenError when one could not listen there now. Takes the place for a moment. */
export async function assertFree(place: ListenPlace): Promise<void> {
  const server = createServer();
  await listen(server, place);
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
