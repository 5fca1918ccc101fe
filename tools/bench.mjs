// `npm run bench`: prepares the checkout and measures. `npm run bench -- --help` lists the options.
import { findChromium } from './chromium.mjs';
import { prepare } from './prepare.mjs';

await prepare();
process.env.PYRGOS_CHROMIUM = findChromium() ?? '';
await import('../bench/dist/main.js');
