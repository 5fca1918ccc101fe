// `npm start`: the main job of the checkout, which is the pyrgos command.
import { prepare } from './prepare.mjs';

await prepare();
const { main } = await import('../packages/cli/dist/main.js');
process.exitCode = await main(process.argv.slice(2));
