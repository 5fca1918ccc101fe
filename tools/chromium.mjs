// Finds a Chromium on this machine. Pyrgos never downloads a browser.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/Applications/Google Chrome.app/Contents/MacOS',
  '/Applications/Chromium.app/Contents/MacOS',
];

/** The path of a Chromium: PYRGOS_CHROMIUM, or one on PATH or in a usual place; undefined when there is none. */
export function findChromium() {
  const usable = (path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  const named = process.env.PYRGOS_CHROMIUM;
  if (named) return usable(named) ? named : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...PLACES];
  for (const folder of folders) {
    for (const name of [...NAMES, 'Google Chrome', 'Chromium']) {
      const path = join(folder, name);
      if (folder !== '' && usable(path)) return path;
    }
  }
  return undefined;
}
