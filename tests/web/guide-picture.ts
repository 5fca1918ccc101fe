import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { picture, PICTURES } from './web-world.js';

/** Where the pictures of the user guide are; they are made anew when the variable is set. */
const GUIDE = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const makesGuide = process.env['PYRGOS_GUIDE_PICTURES'] === '1';

/** A picture that the user guide shows. */
export async function guidePicture(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await picture(page, `guide-${name}`);
  if (!makesGuide) return;
  await mkdir(GUIDE, { recursive: true });
  await copyFile(join(PICTURES, `guide-${name}.png`), join(GUIDE, `${name}.png`));
}
