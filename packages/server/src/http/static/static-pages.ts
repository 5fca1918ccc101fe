import { landingPages } from '../landing/landing-pages.js';
import type { Exchange } from '../exchange.js';
import { listensEverywhere, uiHost } from '../host-filter.js';
import type { HttpOptions } from '../http-options.js';
import { decodePercent } from '../query.js';
import { emptyReply, type Reply } from '../reply.js';
import { type AssetSource, BuiltInAssets } from './asset.js';
import { pageHeaders } from './page-headers.js';
import { WebFolder } from './web-folder.js';

/** Apps with a subdomain of their own unless configured otherwise (chapter 02 section 14.3). */
const DEFAULT_APPS: readonly string[] = ['markup-viewer', 'email', 'calendar', 'code-editor', 'pdf'];
/** The subdomain that every other app gets. */
const SANDBOX = 'sandbox';

/** The file of a path (chapter 02 section 14.1): the root page, the page of secret links, or the file of that name. */
function fileOf(path: string): string {
  const plain = path.replace(/\/{2,}/gu, '/').replace(/^\//u, '');
  if (plain === '') return 'index.html';
  return plain.startsWith('secret/') ? 'secret.html' : plain;
}

/** The web app and its app subdomains, for every path that belongs to nothing else (chapter 02 sections 14.1 and 14.3). */
export class StaticPages {
  private readonly assets: AssetSource;
  private readonly apps: ReadonlySet<string>;

  constructor(private readonly options: HttpOptions) {
    this.assets = options.webroot === undefined ? new BuiltInAssets(landingPages) : new WebFolder(options.webroot);
    this.apps = new Set(options.apps ?? DEFAULT_APPS);
  }

  /** Answers GET and HEAD. */
  async reply(exchange: Exchange): Promise<Reply> {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return emptyReply(405, { allow: 'GET, HEAD' });
    const file = this.visibleFile(fileOf(decodePercent(exchange.path)), exchange.subdomain);
    const asset = file === undefined ? undefined : await this.assets.find(file);
    if (file === undefined || asset === undefined) return emptyReply(404);
    const typed = asset.contentType === undefined ? {} : { 'content-type': asset.contentType };
    const cached = file === 'index.html' ? undefined : { 'cache-control': 'public, max-age=600', etag: asset.etag };
    const headers = { ...this.headers(exchange), ...cached };
    if (cached !== undefined && matchesEtag(exchange.header('if-none-match'), asset.etag)) {
      return { ...emptyReply(304, headers), isPage: true };
    }
    const whole = { ...headers, 'content-encoding': 'gzip', ...typed };
    if (exchange.method === 'HEAD') return { ...emptyReply(200, { ...whole, 'content-length': String(asset.body.length) }), isPage: true };
    return { status: 200, headers: whole, body: asset.body, isPage: true };
  }

  /** Apps see their own folder only, and the main pages never see the folder of unknown apps. */
  private visibleFile(file: string, subdomain: string | undefined): string | undefined {
    if (subdomain === undefined) return file.startsWith(`apps/${SANDBOX}/`) ? undefined : file;
    const app = this.apps.has(subdomain) ? subdomain : SANDBOX;
    const path = app === SANDBOX ? `apps/${SANDBOX}/${file}` : file;
    return path.startsWith(`apps/${app}/`) ? path : undefined;
  }

  private headers(exchange: Exchange): Readonly<Record<string, string>> {
    const { listenHost, publicDomain } = this.options;
    const isPublicName = publicDomain !== undefined && publicDomain !== 'localhost' && !publicDomain.endsWith('.localhost');
    // A server on all addresses has no name of its own: the pages get the one under which they were asked for.
    const everywhere = publicDomain === undefined && listensEverywhere(listenHost);
    const host = everywhere
      ? exchange.uiHost
      : uiHost({ listenHost, ...(publicDomain === undefined ? {} : { publicDomain }) }, exchange.port);
    return pageHeaders({
      protocol: isPublicName ? 'https' : 'http',
      uiHost: host,
      appHost: exchange.subdomain === undefined ? undefined : `${exchange.subdomain}.${exchange.uiHost}`,
      paymentDomains: this.options.paymentDomains ?? [],
      contentSecurityPolicy: this.options.contentSecurityPolicy ?? true,
    });
  }
}

/** The tag as we send it, or quoted as HTTP wants it. */
function matchesEtag(given: string | undefined, etag: string): boolean {
  return given !== undefined && given.split(',').some((tag) => tag.trim().replace(/^(?:W\/)?"(.*)"$/u, '$1') === etag);
}
