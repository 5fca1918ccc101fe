// Takes the curve functions out of the WebAssembly build of libsodium that npm ships: its compiled code as it is, without the rest.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

/** What the WASM back end calls, by the names of libsodium's C functions. */
const FUNCTIONS = [
  'crypto_sign_seed_keypair',
  'crypto_sign_detached',
  'crypto_sign_verify_detached',
  'crypto_scalarmult_base',
  'crypto_scalarmult',
];
/** 64 KiB pages to start with: libsodium's tables and its stack end in the second one. */
const PAGES = 3;

/**
 * Places in the table, from 0, of what `crypto_scalarmult` and `crypto_scalarmult_base` call. Those of another libsodium may be others: then
 * the test of the curves ends with a trap.
 */
const USED_ENTRIES = new Set([5, 6]);

/** Version, licence and code of libsodium, cut down to {@link FUNCTIONS}. */
export async function curvesOfLibsodium() {
  const folder = join(root, 'node_modules', 'libsodium');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const licence = readFileSync(join(folder, 'LICENSE'), 'utf8').trim();
  const glue = readFileSync(join(folder, 'dist', 'modules-esm', 'libsodium.mjs'), 'utf8');
  const base64 = /AGFzbQ[A-Za-z0-9+/=]+/.exec(glue)?.[0];
  if (base64 === undefined) throw new Error('libsodium.mjs has no WebAssembly module in it');
  const shortNames = new Map([...glue.matchAll(/\b\w\._(\w+)=\w\.([\w$]+)/g)].map(([, name, short]) => [short, name]));
  const { default: binaryen } = await import('binaryen');
  const module = binaryen.readBinary(Buffer.from(base64, 'base64'));
  const exports = Array.from({ length: module.getNumExports() }, (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)));
  const functions = new Map();
  for (const { name, kind, value } of exports) {
    module.removeExport(name);
    const cName = shortNames.get(name);
    if (kind === binaryen.ExternalFunction && FUNCTIONS.includes(cName)) functions.set(cName, value);
    if (kind === binaryen.ExternalMemory) module.addMemoryExport(value, 'memory');
  }
  for (const name of FUNCTIONS) {
    const internal = functions.get(name);
    if (internal === undefined) throw new Error(`libsodium.mjs does not export ${name}`);
    module.addFunctionExport(internal, name);
  }
  module.setFeatures(binaryen.Features.All);
  module.runPasses(['remove-unused-module-elements']);
  // Text, because nothing else lets the table be changed.
  const smaller = binaryen.parseText(withoutUnusedTable(withPages(module.emitText())));
  smaller.setFeatures(binaryen.Features.All);
  smaller.runPasses(['remove-unused-module-elements', 'strip-debug', 'strip-producers']);
  if (!smaller.validate()) throw new Error('what is left of libsodium is no valid module');
  return { version, licence, binary: smaller.emitBinary() };
}

function withPages(text) {
  const changed = text.replace(/\(memory (\$\w+) \d+ (\d+)\)/, `(memory $1 ${PAGES} $2)`);
  if (changed === text) throw new Error('libsodium has another memory than expected');
  return changed;
}

/**
 * Functions that are called through the table keep each other alive, all of libsodium's variants of everything. Only those of Curve25519 are
 * ever called here: the table is filled with a trap in the place of the others.
 */
function withoutUnusedTable(text) {
  const element = /\(elem (\$\w+) \(i32\.const 1\) ([^)]*)\)/.exec(text);
  if (element === null) throw new Error('libsodium has another table than expected');
  const names = element[2].trim().split(/\s+/);
  const entries = names.map((name, i) => (USED_ENTRIES.has(i) ? name : '$unused'));
  return text
    .replace(element[0], `(elem ${element[1]} (i32.const 1) ${entries.join(' ')})`)
    .replace(/\n\)\s*$/, '\n (func $unused (unreachable))\n)\n');
}
