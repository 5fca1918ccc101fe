/** The style of the built-in pages. A file of its own, because the security policy forbids styles inside a page. */
const style = `:root {
  color-scheme: light dark;
  --ink: #1d2530;
  --quiet: #4a5665;
  --paper: #fbfaf7;
  --card: #ffffff;
  --line: #d9d6cd;
  --accent: #0b5c6b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8e6e1;
    --quiet: #b3bac4;
    --paper: #14181d;
    --card: #1c2229;
    --line: #39424d;
    --accent: #7fd0de;
  }
}
* {
  box-sizing: border-box;
}
body {
  margin: 0;
  padding: clamp(1rem, 5vw, 4rem) 1rem;
  background: var(--paper);
  color: var(--ink);
  font: 1.0625rem/1.6 system-ui, sans-serif;
}
main {
  max-width: 42rem;
  margin: 0 auto;
}
h1 {
  font-size: clamp(1.6rem, 5vw, 2.2rem);
  line-height: 1.2;
  margin: 0 0 1rem;
  text-wrap: balance;
}
h2 {
  font-size: 1.15rem;
  margin: 0 0 0.5rem;
}
p {
  margin: 0 0 0.75rem;
  overflow-wrap: anywhere;
}
section {
  margin: 1.25rem 0;
  padding: 1.25rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 0.75rem;
}
section > :last-child {
  margin-bottom: 0;
}
.lead {
  color: var(--quiet);
  font-size: 1.15rem;
}
a {
  color: var(--accent);
  text-underline-offset: 0.15em;
}
a:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 2px;
}
code {
  font-family: ui-monospace, monospace;
  font-size: 0.95em;
}
footer {
  color: var(--quiet);
  font-size: 0.95rem;
}
`;

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0b5c6b" d="M6 4h4v4h4V4h4v4h4V4h4v8l-3 3v13H9V15l-3-3z"/><path fill="#fbfaf7" d="M14 28v-6a2 2 0 0 1 4 0v6z"/></svg>
`;

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/landing.css">
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

const home = page(
  'Pyrgos home server',
  `<h1>This is a home server for encrypted files</h1>
<p class="lead">It runs Pyrgos and speaks the Peergos protocol. It keeps what its users store, but it cannot read it: files, their names and
the list of friends are encrypted before they get here, and the keys never get here at all. It does see user names, sizes and times.</p>
<section>
<h2>There is no web app on this server yet</h2>
<p>You are looking at a plain information page: it has no sign-in form, and it never asks for a password. To work with your files, use a
client that speaks the Peergos protocol on your own machine, for instance one of the
<a href="https://peergos.org/" rel="noreferrer">Peergos project</a>, and give it the address of this server as it stands in your browser.</p>
</section>
<section>
<h2>You came here with a sign-up link?</h2>
<p>A sign-up link contains a token: <code>?signup=true&amp;token=…</code> in the address bar. Opening this page has not used it up. Each
token makes one account. Give the whole link, or the token, to the client when you create your account, and do not pass it on: whoever uses
it first gets the account.</p>
</section>
<section>
<h2>You have no account and no link?</h2>
<p>Ask the person who runs this server. Whether it takes new users is their decision.</p>
</section>
<footer>
<p>Do you run this server? <code>webroot</code> in its configuration names a folder with a web app, which then appears here.</p>
</footer>`,
);

const secret = page(
  'A secret link',
  `<h1>Somebody shared something with you</h1>
<p class="lead">This address is a secret link to encrypted files. Everything after <code>#</code> is the key: your browser keeps it to itself
and has not sent it to this server.</p>
<section>
<h2>How to open it</h2>
<p>There is no web app on this server yet that could decrypt the files in your browser. Copy the whole link, with everything after
<code>#</code>, into a client that speaks the Peergos protocol on your own machine, for instance one of the
<a href="https://peergos.org/" rel="noreferrer">Peergos project</a>.</p>
<p>Whoever has the whole link can open it. Some links also need a password that was given to you separately, and some stop working after a
date or a number of uses. Opening this page has not counted as a use.</p>
</section>`,
);

/** The pages of a server without a web app, by path: what this is, and where to go on. They have no script and ask for nothing. */
export const landingPages: ReadonlyMap<string, string> = new Map([
  ['index.html', home],
  ['secret.html', secret],
  ['landing.css', style],
  ['favicon.svg', icon],
]);
