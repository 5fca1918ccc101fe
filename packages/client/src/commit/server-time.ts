/** How much time has passed on a server that this machine knows nothing of. */
export interface ServerTime {
  /**
   * Milliseconds, together, by which the clock of the server has got ahead of the clock here since the first answer. It never falls. The server is not
   * trusted: it may claim any number, so it must never be believed in more than a bounded number of times.
   */
  readonly missed: number;
}
