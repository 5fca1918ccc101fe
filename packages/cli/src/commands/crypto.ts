import { PyrgosError } from '@pyrgos/core/errors';
import { loadCrypto, type CryptoBackend } from '@pyrgos/core/crypto';
import type { Command } from 'commander';

interface BackendReport {
  readonly backend: CryptoBackend;
  readonly usable: boolean;
  /** Milliseconds from load to a passed self-test. */
  readonly milliseconds?: number;
  readonly reason?: string;
}

const backends: readonly CryptoBackend[] = ['native', 'wasm', 'portable'];

async function probe(backend: CryptoBackend): Promise<BackendReport> {
  const start = performance.now();
  try {
    await loadCrypto({ backend });
    return { backend, usable: true, milliseconds: Math.round((performance.now() - start) * 10) / 10 };
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    return { backend, usable: false, reason: error.message };
  }
}

/** `pyrgos crypto`: which crypto back ends work on this machine, and which one would be used. */
export function addCryptoCommand(program: Command): void {
  program
    .command('crypto')
    .description('load every crypto back end, run its self-test and say which one is used')
    .option('--json', 'print one JSON object')
    .action(async (options: { readonly json?: true }) => {
      const reports: BackendReport[] = [];
      for (const backend of backends) reports.push(await probe(backend));
      const { backend: chosen } = await loadCrypto();
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify({ chosen, backends: reports })}\n`);
        return;
      }
      for (const report of reports) {
        const mark = report.backend === chosen ? '*' : ' ';
        const state = report.usable ? `ok, self-test passed in ${report.milliseconds} ms` : `not usable: ${report.reason}`;
        process.stdout.write(`${mark} ${report.backend.padEnd(9)}${state}\n`);
      }
      process.stdout.write(`\n* is the one Pyrgos uses here.\n`);
    });
}
