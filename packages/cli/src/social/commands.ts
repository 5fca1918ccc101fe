import type { Command } from 'commander';
import { addChatCommand } from './chat-commands.js';
import { addFriendsCommands } from './friends-commands.js';
import { addLinkCommand } from './link-commands.js';
import { addProfileCommand } from './profile-command.js';
import { addShareCommands } from './share-commands.js';

/** Adds every command about other people: friends, shares, links, what is published, profiles, chats. */
export function addSocialCommands(program: Command): void {
  addFriendsCommands(program);
  addShareCommands(program);
  addLinkCommand(program);
  addProfileCommand(program);
  addChatCommand(program);
}
