import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** For whom a request is, and for what. */
export interface RequestTarget {
  /** All Host headers, as sent; the host of the target instead where that has one. */
  readonly hosts: readonly string[];
  /** Path and query. */
  readonly target: string;
}

/** What Node's errors of a request mean; 400 for others. */
const STATUS_OF_CODE: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** Reads the target in either form: a whole address, as programs may send it, stands for the Host header as well (RFC 9112 section 3.2.2). */
export function targetOf({ rawHeaders, url = '' }: Pick<IncomingMessage, 'rawHeaders' | 'url'>): RequestTarget {
  const [, host, rest = ''] = /^https?:\/\/([^/?#]*)(.*)$/isu.exec(url) ?? [];
  if (host !== undefined) return { hosts: [host], target: rest.startsWith('/') ? rest : `/${rest}` };
  const hosts = rawHeaders.flatMap((name, i) => (i % 2 === 0 && name.toLowerCase() === 'host' ? [rawHeaders[i + 1] ?? ''] : []));
  return { hosts, target: url };
}

/** Makes a server give answers of its own, with `headers`, where Node would answer without any: to what is no request, comes too slowly, or expects what nobody offers. */
export function answerMalformed(server: Server, headers: Readonly<Record<string, string>>): void {
  const answered = new WeakMap<Duplex, number>();
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    answered.set(socket, (answered.get(socket) ?? 0) + 1);
    response.once('close', () => answered.set(socket, (answered.get(socket) ?? 1) - 1));
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(417, { ...headers, 'content-length': '0', connection: 'close' });
    response.end();
    request.resume();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // In the middle of another answer nothing can be said.
    if (error.code === 'ECONNRESET' || !socket.writable || (answered.get(socket) ?? 0) > 0) {
      socket.destroy();
      return;
    }
    const status = STATUS_OF_CODE.get(error.code ?? '') ?? 400;
    const lines = Object.entries({ ...headers, 'content-length': '0', connection: 'close' }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`, () => socket.destroy());
  });
}
