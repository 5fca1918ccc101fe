import type { Group } from '@pyrgos/client';
import { Argument, type Command } from 'commander';
import { addSessionOptions } from '../files/session-options.js';
import { withSession } from '../files/with-session.js';
import { readInput } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { type ProfileFieldName, profileTexts, savePhoto, setAudience, setProfile, showProfile } from './profile.js';
import { recipientsOf, repeatedGroup } from './recipients.js';

interface SetOptions {
  readonly clear?: true;
  readonly user?: readonly string[];
  readonly group?: readonly Group[];
  readonly nobody?: true;
  readonly passwordStdin?: true;
}

/** `pyrgos profile show|set|photo` */
export function addProfileCommand(program: Command): void {
  const profile = program.command('profile').description('what people can see of you, and you of them');

  const show = profile
    .command('show', { isDefault: true })
    .description('print your profile and who sees which field, or what you can see of somebody')
    .argument('[user]', 'a name');
  addSessionOptions(show).action(async (user: string | undefined) => withSession(show, async (context) => showProfile(context, user)));

  const set = profile
    .command('set')
    .description('set a field of your profile, or say who sees it')
    .addArgument(new Argument('<field>', 'which one').choices([...profileTexts, 'photo']))
    .argument('[text]', 'what it is to say, - for the standard input; of photo a file with a small picture')
    .option('--clear', 'take it away, also from those who see it')
    .option('--user <name>', 'this user sees it; may stand several times', (name: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      name,
    ])
    .addOption(repeatedGroup('all of them see it; may stand twice'))
    .option('--nobody', 'nobody else sees it');
  addSessionOptions(set).action(async (field: ProfileFieldName, text: string | undefined, options: SetOptions) =>
    withSession(set, async (context) => {
      const { clear, group, nobody, user } = options;
      const namesPeople = group !== undefined || user !== undefined;
      if (clear === true && text !== undefined) throw new UsageError('Say either --clear, or what the field is to say.');
      if (clear === true && namesPeople)
        throw new UsageError('Say either --clear, or who sees the field: nobody sees one that is taken away.');
      if (nobody === true && namesPeople) throw new UsageError('Say either --nobody, or who sees the field.');
      if (text === '-' && options.passwordStdin === true)
        throw new UsageError('The standard input cannot be both the password and the text.');
      if (text === undefined && clear !== true && nobody !== true && !namesPeople)
        throw new UsageError('What is the field to say, or who is to see it? See --help.');
      const audience = nobody === true && clear !== true ? [] : namesPeople ? recipientsOf(user ?? [], { group: group ?? [] }) : undefined;
      const content = clear === true ? '' : text === '-' && field !== 'photo' ? await readInput() : text;
      // Who is not to see it any more must not see what it says now.
      if (audience !== undefined) await setAudience(context, field, audience);
      await setProfile(context, field, content);
    }),
  );

  const photo = profile
    .command('photo')
    .description('store a picture of a profile in a new file of this machine')
    .argument('<file>', 'on this machine')
    .option('--of <user>', 'whose (default: your own)');
  addSessionOptions(photo).action(async (file: string, { of }: { readonly of?: string }) =>
    withSession(photo, async (context) => savePhoto(context, of, file)),
  );
}
