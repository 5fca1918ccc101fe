/** What begins a link, however it was changed on the way: an address, or the path of a secret link without one. */
const LINK_WITH_SECRET = /((?:https?:\/|secret\/z?[1-9a-z]{16,})[^\s#]*?(?:#|%23))[^\s']+/giu;

/** Whether an argument is, or was meant as, a link with its secret, and no path: a blank or a word in front of it, a missing `https://`. */
export function looksLikeSecretLink(text: string): boolean {
  return text.replaceAll(LINK_WITH_SECRET, '') !== text;
}

/** A text in which nothing of a link is that stands behind the `#`, for that opens it: messages go into the logs of scripts. */
export function withoutLinkSecrets(text: string): string {
  return text.replaceAll(LINK_WITH_SECRET, '$1…');
}
