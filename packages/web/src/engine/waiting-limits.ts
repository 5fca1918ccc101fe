/** Bytes of the files of one message that are kept while it waits to be sent; one with more waits in the page only. */
export const MAX_KEPT_BYTES = 16_000_000;
/** Bytes of the files of all messages of a page that are kept: the next page has them in memory. */
export const MAX_ALL_KEPT_BYTES = 4 * MAX_KEPT_BYTES;
