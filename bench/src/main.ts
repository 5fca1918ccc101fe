import { mkdir, rename, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAsymmetric, benchScrypt } from './asymmetric.js';
import { benchBulkInline, benchBulkPools } from './bulk.js';
import { benchCbor } from './cbor.js';
import { benchChamp } from './champ.js';
import { ClientSuites } from './client.js';
import type { Measurement } from './measure.js';
import { ServerSuites } from './server.js';
import { formatTable } from './table.js';
import { WebSuites } from './web.js';

const localSuites = new Map<string, () => Promise<readonly Measurement[]>>([
  ['bulk', benchBulkInline],
  ['pool', benchBulkPools],
  ['asymmetric', benchAsymmetric],
  ['scrypt', benchScrypt],
  ['cbor', benchCbor],
  ['champ', benchChamp],
]);

/** Suites against a server of their own; `name` stands for all of them. */
const families = [
  { name: 'server', suites: ServerSuites.names, open: (profile: string | undefined) => new ServerSuites(profile) },
  { name: 'client', suites: ClientSuites.names, open: (profile: string | undefined) => new ClientSuites(profile) },
  { name: 'web', suites: WebSuites.names, open: () => new WebSuites() },
];

const suites = [...localSuites.keys(), ...families.flatMap((family) => family.suites)];

const usage = `npm run bench -- [--suite NAME]... [--json FILE] [--profile FOLDER]

  --suite NAME      run only this suite; may be given several times: ${suites.join(', ')};
                    ${families.map(({ name }) => name).join(' or ')} stands for all whose names begin with it
  --json FILE       write the JSON to FILE; without it, it follows the table on stdout
  --profile FOLDER  let the processes of server and client write CPU profiles there; they are slower then
`;

function isWanted(name: string, wanted: readonly string[] | undefined): boolean {
  const family = families.find(({ suites }) => suites.includes(name));
  return wanted === undefined || wanted.some((choice) => choice === name || choice === family?.name);
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
  const unknown = options.suite?.find((name) => !suites.includes(name) && !families.some((family) => family.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`unknown suite ${unknown}\n${usage}`);
    return 2;
  }
  const lines: Measurement[] = [];
  const wanted = suites.filter((suite) => isWanted(suite, options.suite));
  const run = async (name: string, suite: () => Promise<readonly Measurement[]>): Promise<void> => {
    process.stderr.write(`bench: ${name} …\n`);
    lines.push(...(await suite()));
  };
  for (const [name, suite] of localSuites) if (wanted.includes(name)) await run(name, suite);
  // One server after the other: even one that idles takes time from the rest.
  for (const family of families) {
    const world = family.open(options.profile);
    try {
      for (const name of wanted.filter((suite) => family.suites.includes(suite))) await run(name, async () => world.run(name));
    } finally {
      await world.close();
    }
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
