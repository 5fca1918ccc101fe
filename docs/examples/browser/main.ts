import { connect, createCryptoPool, PyrgosError } from '@pyrgos/client';

// With a pool, what is uploaded and downloaded is encrypted, decrypted and hashed in workers: the page stays responsive.
const server = await connect(location.origin, { pool: createCryptoPool() });

const form = document.querySelector('form') as HTMLFormElement;
const status = document.querySelector('p') as HTMLElement;
const list = document.querySelector('ul') as HTMLElement;

/** Logs in, stores the chosen file if there is one, and shows what is in the home directory. */
async function showFiles(fields: FormData): Promise<void> {
  const [username, password, file] = ['username', 'password', 'file'].map((name) => fields.get(name));
  if (typeof username !== 'string' || typeof password !== 'string') return;
  const session = await server.logIn({ username, password });
  if (file instanceof File && file.name !== '') await session.files.write(`${session.files.homePath}/${file.name}`, file);
  list.replaceChildren();
  for await (const entry of session.files.list(session.files.homePath)) {
    // Names are what somebody has written: text, never markup.
    if (!entry.isDamaged && !entry.isHidden) list.append(Object.assign(document.createElement('li'), { textContent: entry.name }));
  }
  status.textContent = 'Ready.';
  session.close();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  status.textContent = 'Please wait.';
  showFiles(new FormData(form)).catch((error: unknown) => {
    status.textContent = error instanceof PyrgosError ? error.message : 'Something went wrong.';
  });
});
