import { writeFile } from 'node:fs/promises';
import type { Locator } from 'playwright';

const [WIDTH, HEIGHT] = [640, 480];
/** Pixels of a cell of the code. */
const CELL = 7;
/** Luma of white paper and black ink, and of the room around. */
const [PAPER, INK, ROOM] = [235, 16, 120];
const FRAMES = 10;

/** Writes a film (YUV4MPEG2) of what a page shows as a QR code, for the camera that Chromium plays. */
export async function filmCode(code: Locator, path: string): Promise<void> {
  const size = Number((await code.getAttribute('viewBox'))?.split(' ')[2]);
  const cells = (await code.locator('path').getAttribute('d')) ?? '';
  const luma = Buffer.alloc(WIDTH * HEIGHT, ROOM);
  const [left, top] = [(WIDTH - size * CELL) >> 1, (HEIGHT - size * CELL) >> 1];
  const fill = (x: number, y: number, length: number, value: number): void => {
    for (let row = 0; row < length; row++) luma.fill(value, (y + row) * WIDTH + x, (y + row) * WIDTH + x + length);
  };
  fill(left, top, size * CELL, PAPER);
  for (const [, x, y] of cells.matchAll(/M(\d+) (\d+)h1/gu)) fill(left + Number(x) * CELL, top + Number(y) * CELL, CELL, INK);
  const chroma = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, chroma]);
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`);
  await writeFile(path, Buffer.concat([head, ...Array.from({ length: FRAMES }, () => frame)]));
}
