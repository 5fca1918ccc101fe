import type { Command } from 'commander';
import { addCatCommand } from './cat.js';
import { addPasswordCommand } from './change-password.js';
import { addUsageCommand } from './disk-usage.js';
import { addFindCommand } from './find.js';
import { addGetCommand } from './get.js';
import { addListCommand } from './list.js';
import { addLoginCommands } from './login.js';
import { addMakeDirectoryCommand } from './make-directory.js';
import { addCopyCommand, addMoveCommand } from './move.js';
import { addPutCommand } from './put.js';
import { addRemoveCommand } from './remove.js';
import { addShellCommand } from './shell.js';
import { addSpaceCommand } from './space.js';
import { addStatCommand } from './stat.js';
import { addVerifyCommand } from './verify.js';

/** Adds every command that works on the files of an account. */
export function addFilesCommands(program: Command): void {
  addListCommand(program);
  addStatCommand(program);
  addCatCommand(program);
  addGetCommand(program);
  addPutCommand(program);
  addMakeDirectoryCommand(program);
  addRemoveCommand(program);
  addMoveCommand(program);
  addCopyCommand(program);
  addFindCommand(program);
  addUsageCommand(program);
  addSpaceCommand(program);
  addVerifyCommand(program);
  addPasswordCommand(program);
  addLoginCommands(program);
  addShellCommand(program);
}
