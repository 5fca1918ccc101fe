import { expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';

test('a type that is none is refused, wherever it is given', async () => {
  const files = (await FileWorld.create()).device();
  await files.write('/ada/a', 'x');
  const before = await files.stat('/ada/a');
  for (const mimeType of ['nonsense', '', '/', 'text/', ' text/plain', 'text/plain\nx: y', 'a b/c']) {
    const fieldOf = (field: string): object => ({ code: 'argument', data: { field } });
    await expect(files.setProperties('/ada/a', { mimeType })).rejects.toMatchObject(fieldOf('properties.mimeType'));
    await expect(files.write('/ada/a', 'y', { mimeType })).rejects.toMatchObject(fieldOf('options.mimeType'));
    await expect(files.writeTree('/ada', [{ path: ['b'], source: 'y', mimeType }]).next()).rejects.toMatchObject(fieldOf('entry.mimeType'));
  }
  expect(await files.stat('/ada/a')).toEqual(before);
  for (const mimeType of ['text/plain', 'x/y', 'image/svg+xml', 'text/html; charset=utf-8', 'application/vnd.peergos-todo']) {
    expect((await files.setProperties('/ada/a', { mimeType })).mimeType).toBe(mimeType);
  }
});
