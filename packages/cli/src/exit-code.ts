/** Exit codes of the command, part of its interface (docs/cli.md). Commands that run a server use the first three only. */
export const ExitCode = {
  /** Everything asked for was done. */
  ok: 0,
  /** The command was understood and failed; the reason is on stderr. */
  failed: 1,
  /** Unknown command or option, a missing or meaningless argument, a missing --yes, or settings that cannot be used, wherever they stand. */
  usage: 2,
  /** There is nothing at this path, or nobody of this name. */
  notFound: 3,
  /** Wrong password or second factor, no right to do this, or a kept session that opens nothing any more. */
  denied: 4,
  /** The server cannot be reached, or the connection was lost. */
  network: 5,
  /** The account, or a disk, is full, or as much was uploaded as may be in a day. */
  full: 6,
  /** Something of this name is there already, or somebody else changed the same thing. */
  conflict: 7,
  /** Some of several things were done; the others were reported one by one. */
  partly: 8,
  /** What was found is damaged, or the server did not tell the truth. */
  damaged: 9,
  /** Ctrl-C, SIGTERM, or a question that was not answered. */
  interrupted: 130,
} as const;
