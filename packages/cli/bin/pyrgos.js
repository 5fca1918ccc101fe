#!/usr/bin/env node
// In a checkout the sources may be newer than the build; an installed package has no tools folder and runs as it is.
import { existsSync } from 'node:fs';

const prepareTool = new URL('../../../tools/prepare.mjs', import.meta.url);
if (
  existsSync(prepareTool) &&
  existsSync(new URL('../src/main.ts', import.meta.url)) &&
  existsSync(new URL('../tsconfig.build.json', import.meta.url))
) {
  const { prepare } = await import(prepareTool.href);
  await prepare();
}
const { main } = await import('../dist/main.js');
process.exitCode = await main(process.argv.slice(2));
