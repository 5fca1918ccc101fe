/** The bytes of a log; a {@link FileReader} has what it takes. It keeps the chunk that was read last. */
export interface LogFile {
  readonly size: number;
  read(start: number, end: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array>;
}
