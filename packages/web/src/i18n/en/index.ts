import app from './app.json';
import chat from './chat.json';
import chatDialogs from './chat-dialogs.json';
import drive from './drive.json';
import errors from './errors.json';
import people from './people.json';
import news from './news.json';
import profile from './profile.json';
import links from './links.json';
import search from './search.json';
import settings from './settings.json';
import sharing from './sharing.json';
import transfers from './transfers.json';
import trash from './trash.json';
import viewer from './viewer.json';
import welcome from './welcome.json';

/** The English texts of the app, which say what texts there are: a file for each area. */
export const texts = {
  ...app,
  ...chat,
  ...welcome,
  ...drive,
  ...settings,
  ...transfers,
  ...people,
  ...search,
  ...trash,
  ...viewer,
  ...news,
  ...profile,
  ...sharing,
  ...links,
  ...chatDialogs,
  ...errors,
};
