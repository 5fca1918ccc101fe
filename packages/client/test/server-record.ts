import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdir, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join, relative } from 'node:path';

/** One request as it arrived at the server. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Everything, as it came. */
  readonly raw: Buffer;
}

/** Records every byte that servers of this process receive over TCP, from the outside of the HTTP parser. */
export class ServerRecord {
  private readonly streams = new Map<Socket, Buffer[]>();
  private readonly onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    const chunks: Buffer[] = [];
    this.streams.set(socket, chunks);
    socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  };

  constructor() {
    subscribe('net.server.socket', this.onSocket);
  }

  /** All complete requests, connection by connection. */
  get requests(): readonly ReceivedRequest[] {
    return [...this.streams.values()].flatMap((chunks) => [...requestsOf(Buffer.concat(chunks))]);
  }

  /** Everything that was received. */
  get bytes(): Buffer {
    return Buffer.concat([...this.streams.values()].flat());
  }

  stop(): void {
    unsubscribe('net.server.socket', this.onSocket);
  }
}

function* requestsOf(stream: Buffer): Generator<ReceivedRequest, void, undefined> {
  for (let at = 0; at < stream.length;) {
    const end = stream.indexOf('\r\n\r\n', at);
    if (end < 0) return;
    const [first = '', ...lines] = stream.toString('latin1', at, end).split('\r\n');
    const [method = '', target = ''] = first.split(' ');
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    let next = end + 4;
    const parts: Buffer[] = [];
    if (headers.get('transfer-encoding') === 'chunked') {
      for (;;) {
        const lineEnd = stream.indexOf('\r\n', next);
        const size = Number.parseInt(stream.toString('latin1', next, lineEnd), 16);
        parts.push(stream.subarray(lineEnd + 2, lineEnd + 2 + size));
        next = lineEnd + 2 + size + 2;
        if (size === 0) break;
      }
    } else {
      parts.push(stream.subarray(next, next + Number(headers.get('content-length') ?? 0)));
      next += Number(headers.get('content-length') ?? 0);
    }
    yield { method, target, headers, body: Buffer.concat(parts), raw: stream.subarray(at, next) };
    at = next;
  }
}

/** All files below a folder, with their bytes, by their paths from there. */
export async function filesBelow(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(relative(folder, path), await readFile(path));
  }
  return found;
}

/** The forms in which a text could be hidden in bytes: as it is, as hex, in base64 at each of the three offsets, and percent-encoded. */
export function formsOf(text: string | Uint8Array): readonly Buffer[] {
  const bytes = Buffer.from(text as string);
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/u, '');
    // What depends on the neighbours is left out.
    return encoded.slice(offset === 0 ? 0 : 4, encoded.length - (encoded.length % 4 === 0 ? 4 : encoded.length % 4));
  });
  const texts = [
    bytes.toString('hex'),
    ...base64.filter((one) => one.length >= 6),
    ...base64.filter((one) => one.length >= 6).map((one) => one.replace(/\+/gu, '-').replace(/\//gu, '_')),
  ];
  const percent = typeof text === 'string' && encodeURIComponent(text) !== text ? [encodeURIComponent(text)] : [];
  return [bytes, ...[...texts, ...percent].map((one) => Buffer.from(one))];
}

/** Whether bytes hold a text in any of its forms. */
export function holds(bytes: Buffer, text: string | Uint8Array): boolean {
  return formsOf(text).some((form) => bytes.includes(form));
}
