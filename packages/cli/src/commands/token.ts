import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { isServerThere } from '@pyrgos/server/config';
import type { InviteLink, Operator } from '@pyrgos/server/operator';
import type { Command } from 'commander';
import { commandName } from '../command-name.js';
import { parseCount } from '../parse-arguments.js';
import { addDataOption, settingsOf } from '../server-settings.js';
import { formatTable, formatTime, notify, printJson, printLine, readInput } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { withOperator } from '../with-operator.js';

interface JsonOption {
  readonly json?: true;
}

/** Digits of a token that name it without giving it away. */
const PREFIX_LENGTH = 8;

/** `pyrgos token`: single-use sign-up links. */
export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('sign-up links: each lets one person create an account');

  const create = token
    .command('create')
    .description('make sign-up links and print them, one a line')
    .argument('[count]', 'how many', parseCount, 1)
    .option('--json', 'print one JSON object');
  addDataOption(create).action(async (count: number, { json }: JsonOption) => {
    const { dataDirectory } = settingsOf(create);
    const isNew = !(await isServerThere(dataDirectory));
    const made = await withOperator(create, async (operator) => operator.createTokens(count), { mayCreate: true });
    if (isNew)
      notify(
        `there was no server in ${dataDirectory}, so a new one was made; name the data directory of another one with --data or PYRGOS_PATH`,
      );
    if (json === true) printJson({ tokens: made });
    else for (const { link } of made) printLine(link);
  });

  const list = token.command('list').description('print the links that were not used yet').option('--json', 'print one JSON object');
  addDataOption(list).action(async ({ json }: JsonOption) => {
    const tokens = await withOperator(list, async (operator) => operator.listTokens(), { onlyReads: true });
    if (json === true) printJson({ tokens });
    else if (tokens.length === 0) notify(`no unused sign-up links; make one with: ${commandName} token create`);
    else for (const row of formatTable(tokens.map(({ created, link }) => [formatTime(created), link]))) printLine(row);
  });

  const revoke = token
    .command('revoke')
    .description('make a link useless')
    .argument('<token>', `the first ${PREFIX_LENGTH} or more digits of the token, or - to read a link or token from the standard input`);
  addDataOption(revoke).action(async (given: string) => {
    const text = given === '-' ? await readInput() : given;
    const digits = (/token=([0-9a-f]+)/i.exec(text)?.[1] ?? text).trim().toLowerCase();
    requireDigits(digits);
    await withOperator(revoke, async (operator) => revokeToken(operator, digits));
    notify('the link does not work any more');
  });
}

function requireDigits(digits: string): void {
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < PREFIX_LENGTH) {
    throw new UsageError(`A token is named by at least ${PREFIX_LENGTH} of its digits; see: ${commandName} token list`);
  }
}

async function revokeToken(operator: Operator, digits: string): Promise<void> {
  const matches = (await operator.listTokens()).filter(({ token }: InviteLink) => token.startsWith(digits));
  const [only, second] = matches;
  if (second !== undefined) throw new PyrgosError('argument', 'More than one token begins like this; give more digits.');
  if (only === undefined || !(await operator.revokeToken(only.token)))
    throw new NotFoundError('not-found.link', 'There is no such unused token.');
}
