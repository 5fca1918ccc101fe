/** What the headers of a page depend on. */
export interface PageContext {
  /** `http` or `https`, as browsers see this server. */
  readonly protocol: 'http' | 'https';
  /** Host and port of the main pages. */
  readonly uiHost: string;
  /** The Host header of the request when it is for the subdomain of an app. */
  readonly appHost: string | undefined;
  readonly paymentDomains: readonly string[];
  readonly contentSecurityPolicy: boolean;
}

/**
 * The content security policy of the main pages and of app subdomains (chapter 02 section 14.1). `'wasm-unsafe-eval'` and `worker-src`
 * are ours: the cryptography of the web app is WASM in workers, which `script-src 'self'` alone forbids (docs/decisions/007-http-front-end.md).
 */
function contentSecurityPolicy({ protocol, uiHost, appHost, paymentDomains }: PageContext): string {
  const home = `${protocol}://${uiHost}`;
  const isApp = appHost !== undefined;
  const directives: readonly (readonly [string, ...string[]])[] = [
    ['default-src', "'self'", home],
    ['script-src', "'self'", home, "'wasm-unsafe-eval'"],
    ['worker-src', "'self'"],
    ['style-src', "'self'", home, ...(isApp ? ["'unsafe-inline'", `https://${appHost}`] : [])],
    ...(isApp ? [['sandbox', 'allow-same-origin', 'allow-scripts', 'allow-forms', 'allow-modals'] as const] : []),
    ['frame-src', "'self'", ...paymentDomains, ...(isApp ? [] : [`${protocol}://*.${uiHost}`])],
    ['frame-ancestors', "'self'", home],
    ['connect-src', "'self'", home, 'peergos-drop:'],
    ['media-src', "'self'", home, 'blob:'],
    ['img-src', "'self'", home, 'data:', 'blob:'],
    ['object-src', "'none'"],
    // Ours, as these two do not fall back to default-src: no page of ours has a base, and forms of ours go nowhere else. Apps may have a base of their own.
    ['base-uri', isApp ? "'self'" : "'none'"],
    ['form-action', "'self'"],
  ];
  return directives.map((directive) => directive.join(' ')).join('; ');
}

/** The security headers of every page and file of the web app (chapter 02 section 14.1). */
export function pageHeaders(context: PageContext): Readonly<Record<string, string>> {
  const isApp = context.appHost !== undefined;
  return {
    ...(context.contentSecurityPolicy ? { 'content-security-policy': contentSecurityPolicy(context) } : {}),
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': isApp ? 'cross-origin' : 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    ...(isApp ? {} : { 'x-frame-options': 'sameorigin' }),
    'x-xss-protection': '1; mode=block',
    'x-dns-prefetch-control': 'off',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'permissions-policy':
      'interest-cohort=(), geolocation=(), gyroscope=(), magnetometer=(), accelerometer=(), microphone=(), camera=(self), fullscreen=(self)',
  };
}
