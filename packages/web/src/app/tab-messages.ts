/** What the tabs of one browser tell each other. */
export type TabMessage =
  /** Whoever is logged in under this name and would lose something by logging out says so. */
  | { readonly kind: 'ask'; readonly username: string }
  | { readonly kind: 'busy'; readonly username: string }
  /** Somebody has logged out under this name. */
  | { readonly kind: 'out'; readonly username: string };

/** The line between the tabs. */
export const CHANNEL = 'pyrgos-tabs';
