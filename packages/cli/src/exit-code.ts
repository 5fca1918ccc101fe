/** Exit codes of the command, part of its interface. */
export const ExitCode = {
  /** Everything asked for was done. */
  ok: 0,
  /** The command was understood and failed; the reason is on stderr. */
  failed: 1,
  /** Unknown command or option, a missing or meaningless argument, a missing --yes, or settings that cannot be used, wherever they stand. */
  usage: 2,
} as const;
