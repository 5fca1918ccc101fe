/** The command has said everything that there is to say; only its exit code is left. Not for people. */
export class CommandEnd extends Error {
  override readonly name = 'CommandEnd';

  constructor(readonly exitCode: number) {
    super(`exit code ${exitCode}`);
  }
}
