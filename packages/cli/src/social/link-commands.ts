import { type Command, InvalidArgumentError } from 'commander';
import { askSecret } from '../files/prompts.js';
import { addSessionOptions } from '../files/session-options.js';
import { readPasswordFile } from '../files/session-source.js';
import { withSession } from '../files/with-session.js';
import { UsageError } from '../usage-error.js';
import { parseExpiry } from './expiry.js';
import { createLink, deleteLinks, editLink, listLinks } from './links.js';

/** What a link is made with. */
interface WishOptions {
  readonly linkPasswordFile?: string;
  readonly linkPasswordPrompt?: true;
  readonly expires?: Date;
  readonly maxUses?: number;
}

interface CreateOptions extends WishOptions {
  readonly write?: true;
}

interface EditOptions extends WishOptions {
  readonly withoutPassword?: true;
  readonly neverExpires?: true;
  readonly unlimitedUses?: true;
}

/** `pyrgos link create|list|edit|delete` */
export function addLinkCommand(program: Command): void {
  const link = program.command('link').description('secret links: whoever has one opens a file or directory without an account');

  const create = link
    .command('create')
    .description('make a link to a file or directory, with all that is and will be in it, and print it')
    .argument('<path>', 'in the account')
    .option('--write', 'who has it may change the content, and all in a directory');
  addSessionOptions(addWishes(create)).action(async (path: string, options: CreateOptions) =>
    withSession(create, async (context) => {
      const { expires, maxUses, write } = options;
      const userPassword = await passwordOf(options);
      await createLink(context, path, { writable: write === true, userPassword, expires, maxRetrievals: maxUses });
    }),
  );

  const list = link
    .command('list')
    .description('list links: number, rights, uses, end, password, path')
    .argument('[path]', 'only of what is at or below it')
    .option('--show', 'print the links themselves, too: they are secrets');
  addSessionOptions(list).action(async (path: string | undefined, { show }: { readonly show?: true }) =>
    withSession(list, async (context) => listLinks(context, path, show === true)),
  );

  const edit = link
    .command('edit')
    .description('change a link, which stays as it is written')
    .argument('<path>', 'in the account')
    .argument('[number]', 'which link, where there are several');
  addWishes(edit)
    .option('--without-password', 'no password any more')
    .option('--never-expires', 'it works for ever')
    .option('--unlimited-uses', 'it can be opened any number of times');
  addSessionOptions(edit).action(async (path: string, label: string | undefined, options: EditOptions) =>
    withSession(edit, async (context) => {
      const { expires, maxUses, neverExpires, unlimitedUses } = options;
      const isWithout = options.withoutPassword === true;
      requireOne(isWithout, options.linkPasswordFile !== undefined || options.linkPasswordPrompt === true, 'a password or none');
      requireOne(neverExpires === true, expires !== undefined, 'when it ends or that it never does');
      requireOne(unlimitedUses === true, maxUses !== undefined, 'a number of uses or that there is none');
      const userPassword = isWithout ? '' : await passwordOf(options);
      const changes = {
        userPassword,
        expires: neverExpires === true ? null : expires,
        maxRetrievals: unlimitedUses === true ? null : maxUses,
      };
      if (Object.values(changes).every((change) => change === undefined)) throw new UsageError('What is to change? See --help.');
      await editLink(context, path, label, changes);
    }),
  );

  const remove = link
    .command('delete')
    .description('end links')
    .argument('<path>', 'in the account')
    .argument('[numbers...]', 'which links, where there are several')
    .option('--all', 'all of this path');
  addSessionOptions(remove).action(async (path: string, labels: string[], { all }: { readonly all?: true }) =>
    withSession(remove, async (context) => {
      if (all === true && labels.length > 0) throw new UsageError('Say either --all, or which ones.');
      await deleteLinks(context, path, labels, all === true);
    }),
  );
}

function addWishes(command: Command): Command {
  return command
    .option('--link-password-file <file>', 'a file with a password that people have to know beside the link')
    .option('--link-password-prompt', 'ask for that password on the terminal')
    .option('--expires <when>', 'how long it works: 30m, 24h, 7d, 2w, 2026-12-31, or a time', (text: string) => parseExpiry(text))
    .option('--max-uses <count>', 'how often it can be opened in all', parseUses);
}

function parseUses(text: string): number {
  const count = /^\d{1,15}$/u.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError('It must be a number, 1 or more.');
  return count;
}

function requireOne(one: boolean, other: boolean, what: string): void {
  if (one && other) throw new UsageError(`Say either ${what}.`);
}

/** The password that belongs to a link; undefined when none is wanted. UsageError. */
async function passwordOf({ linkPasswordFile, linkPasswordPrompt }: WishOptions): Promise<string | undefined> {
  if (linkPasswordFile !== undefined && linkPasswordPrompt === true)
    throw new UsageError('Say either --link-password-file or --link-password-prompt.');
  if (linkPasswordFile !== undefined) return readPasswordFile(linkPasswordFile);
  if (linkPasswordPrompt !== true) return undefined;
  const advice = 'Nobody can be asked for the password of the link here: say --link-password-file FILE.';
  const password = await askSecret('Enter a password for the link', advice);
  if (password === '') throw new UsageError('A link without a password needs no --link-password-prompt.');
  if ((await askSecret('Re-enter the password for the link', advice)) !== password) throw new UsageError("Passwords don't match!");
  return password;
}
