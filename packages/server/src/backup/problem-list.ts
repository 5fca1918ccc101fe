import { PyrgosError } from '@pyrgos/core/errors';

/** Problems beyond this number are counted, not listed. */
const MAX_LISTED = 100;

/** What is wrong with a backup: collected, so that its owner learns everything at once. */
export class ProblemList {
  private readonly listed: string[] = [];
  private count = 0;

  /** `place`: the folder of the backup, for people. */
  constructor(private readonly place: string) {}

  /** Adds one; `where` is a place in the backup. */
  add(where: string, problem: string): void {
    this.count++;
    if (this.listed.length < MAX_LISTED) this.listed.push(`${where}: ${problem}`);
  }

  /** Runs a check; a PyrgosError of it is a problem, and then the result is undefined. */
  async check<T>(where: string, work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code === 'storage' || error.code === 'aborted') throw error;
      this.add(where, error.message);
      return undefined;
    }
  }

  /** How many there are. */
  get size(): number {
    return this.count;
  }

  /** The problems, at most 100 and then a line that counts the rest. */
  lines(): readonly string[] {
    const rest = this.count - this.listed.length;
    return rest === 0 ? this.listed : [...this.listed, `… and ${rest} more`];
  }

  /** Throws {@link DamagedBackupError} when there is any. */
  throwIfAny(): void {
    if (this.count > 0) throw new DamagedBackupError(this.lines(), this.count, this.place);
  }
}

/** A backup that is not restored, because something in it is wrong. Nothing was changed. */
export class DamagedBackupError extends PyrgosError {
  override readonly name = 'DamagedBackupError';

  constructor(
    /** One line for each problem. */
    readonly problems: readonly string[],
    count: number,
    place: string,
  ) {
    const summary = count === 1 ? '1 problem' : `${count} problems`;
    const advice = 'Take another copy of it, or another backup.';
    const lines = problems.map((line) => `  ${line}`).join('\n');
    super('format.backup', `The backup in ${place} is damaged (${summary}); nothing was changed. ${advice}\n${lines}`, {
      data: { problems: count },
    });
  }
}
