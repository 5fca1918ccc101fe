// `npm run build`: installs and builds what is stale, and nothing else.
import { prepare } from './prepare.mjs';

await prepare();
