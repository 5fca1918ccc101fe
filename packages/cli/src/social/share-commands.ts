import type { Command } from 'commander';
import { addSessionOptions } from '../files/session-options.js';
import { withSession } from '../files/with-session.js';
import { UsageError } from '../usage-error.js';
import { addLeavingOutOption, type LeavingOutOptions } from './leaving-out.js';
import { addGroupOption, type GroupOptions, recipientsOf } from './recipients.js';
import { everybodyAt, listShared, publish, share, type SharedOptions, unpublish, unshare } from './share.js';

interface WriteOption {
  readonly write?: true;
}

interface WebSiteOption {
  readonly webSite?: true;
}

/** The commands `share`, `unshare`, `shared`, `publish` and `unpublish`. */
export function addShareCommands(program: Command): void {
  const give = program
    .command('share')
    .description('share a file or directory, with all that is and will be in it')
    .argument('<path>', 'in the account')
    .argument('[users...]', 'who follow you')
    .option('--write', 'they may change it, too');
  addSessionOptions(addGroupOption(give)).action(async (path: string, users: string[], options: GroupOptions & WriteOption) =>
    withSession(give, async (context) => share(context, path, recipientsOf(users, options), options.write === true ? 'write' : 'read')),
  );

  const end = program
    .command('unshare')
    .description('end sharing of a file or directory: it gets new keys')
    .argument('<path>', 'in the account')
    .argument('[users...]', 'who are to have it no more')
    .option('--write', 'end only that they may change it')
    .option('--all', 'with everybody; links stay');
  addSessionOptions(addLeavingOutOption(addGroupOption(end))).action(
    async (path: string, users: string[], options: GroupOptions & WriteOption & LeavingOutOptions & { readonly all?: true }) =>
      withSession(end, async (context) => {
        const isAll = options.all === true;
        if (isAll && (users.length > 0 || options.group !== undefined)) throw new UsageError('Say either --all, or with whom.');
        const everybody = isAll ? await everybodyAt(context, path) : recipientsOf(users, options);
        await unshare(context, path, everybody, options.write === true ? 'write' : undefined, options);
      }),
  );

  const list = program
    .command('shared')
    .description('list what you share, with whom, your links and what is published; and what others share with you')
    .argument('[path]', 'only what is at or below it')
    .option('--by-me', 'only what you share')
    .option('--with-me', 'only what others share with you')
    .option('--all', 'also posts, profiles and what other programs keep');
  addSessionOptions(list).action(async (path: string | undefined, options: SharedOptions) =>
    withSession(list, async (context) => listShared(context, path, options)),
  );

  const open = program
    .command('publish')
    .description('let everybody read a file or directory, with all that is and will be in it, and print its address')
    .argument('<path>', 'in the account')
    .option('--web-site', 'make the directory the web site of the account');
  addSessionOptions(open).action(async (path: string, { webSite }: WebSiteOption) =>
    withSession(open, async (context) => {
      const { path: target, url } = await publish(context, path, webSite);
      context.output.result(url, { event: 'published', path: target, url });
    }),
  );

  const close = program
    .command('unpublish')
    .description('end that something is published: it gets new keys; its shares and links end as well')
    .argument('[path]', 'in the account')
    .option('--web-site', 'the web site of the account');
  addSessionOptions(addLeavingOutOption(close)).action(async (path: string | undefined, options: WebSiteOption & LeavingOutOptions) =>
    withSession(close, async (context) => {
      if ((path === undefined) !== (options.webSite === true)) throw new UsageError('What? Name a path, or say --web-site.');
      await unpublish(context, path, options);
    }),
  );
}
