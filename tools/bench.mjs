// `npm run bench`: prepares the checkout and measures. `npm run bench -- --help` lists the options.
import { prepare } from './prepare.mjs';

prepare();
await import('../bench/dist/main.js');
