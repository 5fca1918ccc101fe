/** How far a transfer has come. */
export interface ContentProgress {
  /** Bytes of content that are stored, or were stored already; with the thumbnail's share at the end of an upload. */
  readonly done: number;
  /** What `done` will be at the end; undefined for a stream, whose length nobody knows. */
  readonly total: number | undefined;
}

/** Called in the order of events. What it throws ends the transfer. */
export type ProgressListener = (progress: ContentProgress) => void;

/** What the thumbnail counts in the progress of an upload, made or not (chapter 04 section 1). */
export const THUMBNAIL_PROGRESS = 20_480;

/** Adds up progress. */
export class ProgressMeter {
  private done = 0;

  constructor(
    private readonly total: number | undefined,
    private readonly listener: ProgressListener | undefined,
  ) {}

  /** More bytes are done. */
  add(bytes: number): void {
    if (this.listener === undefined || bytes === 0) return;
    this.done += bytes;
    this.listener({ done: this.done, total: this.total });
  }

  /** Everything is done, however little had to be. */
  finish(): void {
    if (this.total !== undefined) this.add(this.total - this.done);
  }
}
