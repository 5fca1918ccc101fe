import { expect, test } from 'vitest';
import { formatTrashFolder, parseTrashFolder, trashPath } from './trash-place.js';

const deleted = Date.UTC(2026, 10, 27, 6, 5, 4, 321);

test('a folder of the trash says when and how deep', () => {
  const folder = formatTrashFolder({ deleted, origin: ['docs', '2026'] });
  expect(folder).toBe('2026-11-27T06-05-04.321Z_2');
  expect(parseTrashFolder(folder)).toEqual({ deleted, depth: 2 });
  expect(parseTrashFolder(formatTrashFolder({ deleted, origin: [] }, 7))).toEqual({ deleted, depth: 0 });
  expect(trashPath('/ada', folder, ['docs', '2026'])).toBe('/ada/.trash/2026-11-27T06-05-04.321Z_2/docs/2026');
});

test.each([
  '',
  'holiday',
  '2026-11-27_1',
  '2026-13-27T06-05-04.321Z_2',
  '2026-11-27T06-05-04.321Z_',
  '2026-11-27T06-05-04.321Z_99999',
  '__proto__',
])('%j is a folder that somebody else has put there', (name) => {
  expect(parseTrashFolder(name)).toBeUndefined();
});
