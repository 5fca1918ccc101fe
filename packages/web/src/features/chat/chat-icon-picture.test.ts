import { expect, test } from 'vitest';
import { firstSmallEnough, type IconForm, MAX_ICON_BYTES } from './chat-icon-picture.js';

const writer = (sizeOf: (form: IconForm) => number) => {
  const tried: IconForm[] = [];
  return {
    tried,
    write: async (form: IconForm) => {
      tried.push(form);
      return { bytes: new Uint8Array(sizeOf(form)), mimeType: form.mimeType };
    },
  };
};

test('a drawing stays as it is', async () => {
  const { tried, write } = writer(() => MAX_ICON_BYTES);
  expect(await firstSmallEnough(write)).toMatchObject({ mimeType: 'image/png' });
  expect(tried).toHaveLength(1);
});

test('a photograph gets as much quality as there is room for', async () => {
  const { tried, write } = writer(({ mimeType, quality }) => (mimeType === 'image/png' ? MAX_ICON_BYTES + 1 : quality * 30_000));
  const made = await firstSmallEnough(write);
  expect(made).toMatchObject({ mimeType: 'image/jpeg' });
  expect(made?.bytes.length).toBeLessThanOrEqual(MAX_ICON_BYTES);
  const last = tried.at(-1);
  expect(last?.side).toBe(128);
  expect(tried.filter(({ mimeType, quality }) => mimeType === 'image/jpeg' && quality > (last?.quality ?? 0)).length).toBeGreaterThan(0);
});

test('nothing is sent that is too large, or that the browser did not make', async () => {
  expect(await firstSmallEnough(writer(() => MAX_ICON_BYTES + 1).write)).toBeUndefined();
  expect(await firstSmallEnough(async () => undefined)).toBeUndefined();
});
