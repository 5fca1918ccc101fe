import { existsSync } from 'node:fs';

/** How the person at this machine calls the command: in a checkout nothing is on the path. */
export const commandName: string = existsSync(new URL('../../../tools/prepare.mjs', import.meta.url)) ? 'npx pyrgos' : 'pyrgos';
