import { explainConfig, findLockHolder, parseConfig, readConfigSources } from '@pyrgos/server/config';
import type { Command } from 'commander';
import { addServerOptions, settingsOf } from '../server-settings.js';
import { formatTable, notify, printJson, printLine } from '../terminal.js';

/** `pyrgos config`: what the server would run with. */
export function addConfigCommand(program: Command): void {
  const config = program.command('config').description('the configuration of the server');
  const explain = config
    .command('explain')
    .description('print every option with the value that a start would use now, and where that comes from; changes nothing')
    .option('--json', 'print one JSON object');
  addServerOptions(explain).action(async ({ json }: { readonly json?: true }) => {
    const settings = settingsOf(explain);
    const loaded = parseConfig(readConfigSources(settings));
    const explained = explainConfig(loaded);
    if (json === true) {
      printJson({ dataDirectory: settings.dataDirectory, warnings: loaded.warnings, options: explained });
      return;
    }
    for (const warning of loaded.warnings) notify(warning);
    const holder = await findLockHolder(settings.dataDirectory);
    if (holder?.purpose === 'server') {
      notify(`this is what a start would use now; the server that runs here, process ${holder.pid}, has the settings of its own start`);
    }
    printLine(`Data directory: ${settings.dataDirectory}`);
    const rows = explained.map(({ help, name, source, value }) => [name, value ?? '–', `(${source})`, help]);
    for (const row of formatTable(rows)) printLine(row);
  });
}
