// `npm run bench`: prepares the checkout and measures. `npm run bench -- --help` lists the options.
import { prepare } from './prepare.mjs';

await prepare();
await import('../bench/dist/main.js');
