import type { Command } from 'commander';
import type { FilesContext } from '../files/files-context.js';
import { addSessionOptions } from '../files/session-options.js';
import { withSession } from '../files/with-session.js';
import { answerRequest, block, follow, listFriends, listRequests, removeFollower, unblock, unfollow } from './friends.js';
import { addLeavingOutOption, type LeavingOutOptions } from './leaving-out.js';
import { safetyNumber, type SafetyNumberOptions } from './safety-number.js';

/** The commands about people: `friends`, `requests`, `follow`, `accept`, `deny`, `unfollow`, `block`, `unblock`, `remove-follower`, `safety-number`. */
export function addFriendsCommands(program: Command): void {
  const friends = program.command('friends').description('list who follows you, whom you follow, whom you have asked or blocked');
  addSessionOptions(friends).action(async () => withSession(friends, listFriends));

  const requests = program.command('requests').description('list who wants to follow you');
  addSessionOptions(requests).action(async () => withSession(requests, listRequests));

  addUsersCommand(program, 'follow', 'ask users whether you may follow them; they may follow you with that', follow);

  const accept = program
    .command('accept')
    .description('let users follow you who have asked, and follow them, too')
    .argument('<users...>', 'names')
    .option('--no-follow-back', 'do not follow them');
  addSessionOptions(accept).action(async (users: string[], { followBack }: { readonly followBack: boolean }) =>
    withSession(accept, async (context) =>
      context.each(users, async (user) => answerRequest(context, user, followBack ? 'accept-and-reciprocate' : 'accept')),
    ),
  );

  addUsersCommand(program, 'deny', 'refuse follow requests; nobody is told', async (context, user) =>
    answerRequest(context, user, 'reject'),
  );
  addUsersCommand(program, 'unfollow', 'see nothing of users any more; they are not told, and follow you as before', unfollow);
  addRemovingCommand(program, 'block', 'unfollow them, remove them as followers and deny their requests', block);
  addUsersCommand(program, 'unblock', 'take unfollow or block back', unblock);
  addRemovingCommand(program, 'remove-follower', 'end that users follow you: what you share with them gets new keys', removeFollower);

  const number = program
    .command('safety-number')
    .description('show the number that you and a user both see when nobody is in between, or compare it')
    .argument('<user>', 'a name')
    .option('--matches <digits>', 'what they see: when it is the same they are marked as verified; otherwise exit code 9')
    .option('--forget', 'mark them as not verified');
  addSessionOptions(number).action(async (user: string, options: SafetyNumberOptions) =>
    withSession(number, async (context) => safetyNumber(context, user, options)),
  );
}

/** As {@link addUsersCommand}, for what gives new keys to what somebody could see. */
function addRemovingCommand(
  program: Command,
  name: string,
  description: string,
  work: (context: FilesContext, user: string, options: LeavingOutOptions) => Promise<void>,
): void {
  const command = program.command(name).description(description).argument('<users...>', 'names');
  addSessionOptions(addLeavingOutOption(command)).action(async (users: string[], options: LeavingOutOptions) =>
    withSession(command, async (context) => context.each(users, async (user) => work(context, user, options))),
  );
}

function addUsersCommand(
  program: Command,
  name: string,
  description: string,
  work: (context: FilesContext, user: string) => Promise<void>,
): void {
  const command = program.command(name).description(description).argument('<users...>', 'names');
  addSessionOptions(command).action(async (users: string[]) =>
    withSession(command, async (context) => context.each(users, async (user) => work(context, user))),
  );
}
