// `npm start`: the main job of the checkout, which is the server. Arguments after `--` reach the pyrgos command.
import { prepare } from './prepare.mjs';

const args = process.argv.slice(2);
const [first] = args;
// Options without a command are those of the server, unless they are the command line's own.
const isForServer = first === undefined || (first.startsWith('-') && !['-h', '--help', '-V', '--version'].includes(first));

await prepare();
const { main } = await import('../packages/cli/dist/main.js');
process.exitCode = await main(isForServer ? ['daemon', ...args] : args);
