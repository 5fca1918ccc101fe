/**
 * What block reads are compared with: node:http, a file, and nothing else. `node bare-file-server.js FOLDER` prints its port; it ends when
 * its standard input does.
 */
import { readFile } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const [, , folder = '.'] = process.argv;

const server = createServer((request, response) => {
  // The path is one that the benchmark took from the same folder.
  readFile(join(folder, request.url ?? ''), (error, bytes) => {
    response.statusCode = error === null ? 200 : 404;
    response.end(error === null ? bytes : '');
  });
});
server.listen(0, 'localhost', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume();
process.stdin.once('close', () => process.exit());
