import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.js';
import { applyTheme, preferences } from './app/preferences.js';
import { catchStrayDrops } from './app/stray-drops.js';
import { loadTexts, preferredLanguage } from './i18n/text.js';
import { startServiceWorker } from './streams/given-stream.js';
import './ui/base.css';

/** Shows the app in the page. */
async function start(): Promise<void> {
  const chosen = preferences();
  applyTheme(chosen);
  const texts = await loadTexts(chosen.language ?? preferredLanguage(navigator.languages));
  const place = document.querySelector('#root');
  if (place === null) throw new Error('the page has no place for the app');
  createRoot(place).render(
    <StrictMode>
      <App texts={texts} />
    </StrictMode>,
  );
}

catchStrayDrops();
void start();
// In development the page is not built, and there is no service worker file.
if (import.meta.env.PROD) startServiceWorker().catch(() => undefined);
