import { mkdir, rename, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAsymmetric, benchScrypt } from './asymmetric.js';
import { benchBulkInline, benchBulkPools } from './bulk.js';
import { benchCbor } from './cbor.js';
import { benchChamp } from './champ.js';
import type { Measurement } from './measure.js';
import { ServerSuites } from './server.js';
import { formatTable } from './table.js';

const localSuites = new Map<string, () => Promise<Measurement[]>>([
  ['bulk', benchBulkInline],
  ['pool', benchBulkPools],
  ['asymmetric', benchAsymmetric],
  ['scrypt', benchScrypt],
  ['cbor', benchCbor],
  ['champ', benchChamp],
]);

const suites = [...localSuites.keys(), ...ServerSuites.names];

/** All suites whose names begin with it. */
const SERVER = 'server';

const usage = `npm run bench -- [--suite NAME]... [--json FILE] [--profile FOLDER]

  --suite NAME      run only this suite; may be given several times: ${suites.join(', ')};
                    ${SERVER} stands for all whose names begin with it
  --json FILE       write the JSON to FILE; without it, it follows the table on stdout
  --profile FOLDER  let the server write CPU profiles there; it is slower then
`;

function isWanted(name: string, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted.includes(name) || (wanted.includes(SERVER) && ServerSuites.names.includes(name));
}

async function main(): Promise<number> {
  let options: { suite?: string[]; json?: string; profile?: string; help?: boolean };
  try {
    ({ values: options } = parseArgs({
      options: {
        suite: { type: 'string', multiple: true },
        json: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean' },
      },
    }));
  } catch {
    process.stderr.write(usage);
    return 2;
  }
  if (options.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const unknown = options.suite?.find((name) => name !== SERVER && !suites.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`unknown suite ${unknown}\n${usage}`);
    return 2;
  }
  const lines: Measurement[] = [];
  const server = new ServerSuites(options.profile);
  try {
    for (const name of suites.filter((suite) => isWanted(suite, options.suite))) {
      process.stderr.write(`bench: ${name} …\n`);
      lines.push(...(await (localSuites.get(name)?.() ?? server.run(name))));
    }
  } finally {
    await server.close();
  }
  process.stdout.write(`${formatTable(lines)}\n`);
  const report = JSON.stringify({
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    measurements: lines,
  });
  if (options.json === undefined) {
    process.stdout.write(`\n${report}\n`);
  } else {
    await mkdir(dirname(options.json), { recursive: true });
    await writeFile(`${options.json}.tmp`, `${report}\n`);
    await rename(`${options.json}.tmp`, options.json);
  }
  return 0;
}

process.exitCode = await main();
