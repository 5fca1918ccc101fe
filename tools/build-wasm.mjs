// `npm run wasm`: compiles the AssemblyScript kernels of packages/core/wasm, cuts the curves out of libsodium, and writes both, as base64,
// into TypeScript files that are committed. `npm run wasm -- --check` makes them and compares instead; CI runs it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { curvesOfLibsodium } from './curves-of-libsodium.mjs';
import { root } from './prepare.mjs';

const { default: asc } = await import('assemblyscript/asc');

const modules = [
  { source: 'kernels', file: 'kernels-binary', constant: 'kernelsBinary', what: 'secretbox and SHA-256' },
  { source: 'scrypt', file: 'scrypt-binary', constant: 'scryptBinary', what: 'the memory-hard part of scrypt' },
];

async function compile(source) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      `packages/core/wasm/${source}.ts`,
      '--outFile',
      'out.wasm',
      '-O3',
      '--converge',
      '--runtime',
      'stub',
      '--noAssert',
      '--enable',
      'simd',
    ],
    {
      readFile: (name, base) => {
        try {
          return readFileSync(join(base, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (_name, contents) => {
        binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || binary === undefined) throw new Error(`cannot compile ${source}.ts:\n${stderr.toString()}`);
  return binary;
}

function render({ origin, notice = [], constant, what }, binary) {
  const lines =
    Buffer.from(binary)
      .toString('base64')
      .match(/.{1,120}/g) ?? [];
  return [
    `// Generated from ${origin} by \`npm run wasm\`; do not edit. ${binary.length} bytes.`,
    // In a form that bundlers keep.
    ...(notice.length === 0 ? [] : ['/*! @license', ...notice.map((line) => ` * ${line}`.trimEnd()), ' */']),
    '',
    `/** WebAssembly module of ${what}, base64. */`,
    `export const ${constant}: string =`,
    ...lines.map((line, i) => `  ${i === 0 ? '' : '  '}'${line}'${i === lines.length - 1 ? ';' : ' +'}`),
    '',
  ].join('\n');
}

/** The modules with their bytes, one after the other. */
async function* built() {
  for (const module of modules) {
    const { source } = module;
    yield { module: { ...module, origin: `packages/core/wasm/${source}.ts` }, binary: await compile(source) };
  }
  const { version, licence, binary } = await curvesOfLibsodium();
  const notice = ['A part of libsodium in compiled form. Its licence:', '', ...licence.split('\n')];
  yield {
    module: { origin: `libsodium ${version}`, notice, file: 'curves-binary', constant: 'curvesBinary', what: 'Ed25519 and X25519' },
    binary,
  };
}

process.chdir(root);
let stale = false;
for await (const { module, binary } of built()) {
  const target = join(root, 'packages', 'core', 'src', 'crypto', 'wasm', `${module.file}.ts`);
  const text = render(module, binary);
  if (process.argv.includes('--check')) {
    let present = '';
    try {
      present = readFileSync(target, 'utf8');
    } catch {
      // Missing is as stale as different.
    }
    if (present !== text) {
      process.stderr.write(`${module.file}.ts is not what is made from ${module.origin}; run npm run wasm and commit the result\n`);
      stale = true;
    }
  } else {
    writeFileSync(`${target}.tmp`, text);
    renameSync(`${target}.tmp`, target);
    process.stdout.write(`${module.file}.ts written\n`);
  }
}
process.exitCode = stale ? 1 : 0;
