import { connect, type UserSession } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UploadEvent } from '../../packages/web/src/engine/calls.js';
import { uploadService } from '../../packages/web/src/engine/services/upload-service.js';
import { PASSWORD } from './web-world.js';

const LARGE = 2_100_000;

let daemon: DaemonProcess;
let session: UserSession;
beforeAll(async () => {
  daemon = await startDaemonProcess({ 'max-users': '10' });
  session = await (await connect(daemon.url)).signUp({ username: 'ada', password: PASSWORD });
});
afterAll(async () => {
  session?.close();
  await daemon?.stop();
});

/** Uploads files of these paths into a folder; tells of each how it went: `stored`, or the code of what is wrong with it. */
async function upload(directory: string, paths: readonly (readonly string[])[], size: number): Promise<readonly string[]> {
  const results = new Map<number, string>();
  const service = uploadService({ files: session.files, username: 'ada', isAtHome: true });
  const content = new Uint8Array(size);
  await service['upload.run'](
    { directory, isInLink: false, items: paths.map((path, id) => ({ id, path, file: new File([content], path.at(-1) ?? '') })) },
    {
      signal: new AbortController().signal,
      ask: async () => Promise.resolve(undefined),
      emit: (event: UploadEvent) => {
        if (event.kind === 'done') results.set(event.id, event.outcome);
        if (event.kind === 'failed') results.set(event.id, `${event.fault.code} ${String(event.fault.data['field'] ?? '')}`.trim());
      },
    },
  );
  return paths.map((_, id) => results.get(id) ?? 'never told');
}

async function names(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name } of session.files.names(directory)) found.push(name ?? 'damaged');
  return found.sort();
}

const BAD_NAME = 'argument entry.path';
const LONGEST = 'n'.repeat(255);

test.each([
  ['small', 3],
  ['large', LARGE],
])('%s files: what cannot be the name of a file is told of that file alone', async (kind, size) => {
  const directory = `/ada/names ${kind}`;
  await session.files.makeDirectory(directory);
  const outcomes = new Map<string, string>([
    ['first.txt', 'stored'],
    ['.', BAD_NAME],
    ['..', BAD_NAME],
    ['', BAD_NAME],
    ['a/b', BAD_NAME],
    ['nul\0', BAD_NAME],
    ['half \ud83c', BAD_NAME],
    [LONGEST, 'stored'],
    [`${LONGEST}n`, BAD_NAME],
    // What is odd but possible is stored: files of that name are on people's disks.
    ['line\nbreak\u0007', 'stored'],
    ['\u202egpj.exe', 'stored'],
    ['__proto__', 'stored'],
    ['last.txt', 'stored'],
  ]);
  expect(
    await upload(
      directory,
      [...outcomes.keys()].map((name) => [name]),
      size,
    ),
  ).toEqual([...outcomes.values()]);
  expect(await names(directory)).toEqual([...outcomes].flatMap(([name, outcome]) => (outcome === 'stored' ? [name] : [])).sort());
});

test('… also when it is the name of a folder above', async () => {
  await session.files.makeDirectory('/ada/folders');
  const paths = [
    ['good', 'a.txt'],
    ['..', 'b.txt'],
    [`${LONGEST}n`, 'c.txt'],
    ['half \ud83c', 'd.txt'],
    ['good', 'e.txt'],
  ];
  expect(await upload('/ada/folders', paths, 3)).toEqual(['stored', BAD_NAME, BAD_NAME, BAD_NAME, 'stored']);
  expect(await names('/ada/folders')).toEqual(['good']);
  expect(await names('/ada/folders/good')).toEqual(['a.txt', 'e.txt']);
});

test.each([
  ['small', 3],
  ['large', LARGE],
])('%s files: a path that is too long for any call keeps nothing else from being stored', async (kind, size) => {
  const directory = `/ada/paths ${kind}`;
  await session.files.makeDirectory(directory);
  const deep = Array.from({ length: 17 }, () => 'd'.repeat(250));
  expect(await upload(directory, [['a.txt'], [...deep, 'b.txt'], ['c.txt']], size)).toEqual(['stored', 'limit', 'stored']);
  expect(await names(directory)).toEqual(['a.txt', 'c.txt']);
});

test('what would get into a folder of the system is told of it alone', async () => {
  expect(await upload('/ada', [['fine.txt'], ['.transactions', 'x'], ['also fine.txt']], 3)).toEqual(['stored', BAD_NAME, 'stored']);
  expect(await names('/ada')).toEqual(expect.arrayContaining(['fine.txt', 'also fine.txt']));
});
