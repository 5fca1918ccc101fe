/**
 * What the server is compared with: node:http, files, and nothing else. `GET /<name>` reads a file of the folder; `POST /<size>` cuts the
 * body into blocks of that size, and writes and syncs a file for each. `node bare-server.js FOLDER` prints its port; it ends when its
 * standard input does.
 */
import { readFile } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PlainFiles } from './plain-files.js';

const [, , folder = '.'] = process.argv;
const files = new PlainFiles(folder);

function answer(response: ServerResponse, status: number, body: Uint8Array | string): void {
  response.statusCode = status;
  response.end(body);
}

function read(name: string, response: ServerResponse): void {
  // A name that the benchmark wrote there.
  readFile(join(folder, name), (error, bytes) => {
    if (error === null) answer(response, 200, bytes);
    else answer(response, 404, error.message);
  });
}

function receive(request: IncomingMessage, blockSize: number, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.once('end', () => {
    const body = Buffer.concat(parts);
    const blocks = Array.from({ length: Math.ceil(body.length / blockSize) }, (_, i) => body.subarray(i * blockSize, (i + 1) * blockSize));
    files.write(blocks).then(
      () => answer(response, 200, ''),
      (error: unknown) => answer(response, 500, String(error)),
    );
  });
}

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  const name = (request.url ?? '').slice(1);
  if (request.method === 'POST') receive(request, Number(name), response);
  else read(name, response);
});
server.listen(0, 'localhost', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume();
process.stdin.once('close', () => process.exit());
