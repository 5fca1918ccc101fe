// The engine: the worker in which the keys, the cryptography and everything that is sent to the server live. The page asks it over a line of
// messages and holds nothing secret itself, so nothing that is computed here can make the page stand still.
import { serveEngine } from './engine-host.js';
import { EngineState } from './engine-state.js';
import type { Line } from './rpc-messages.js';
import { accountService } from './services/account-service.js';
import { blamingOwners } from './services/blame-owner.js';
import { chatService } from './services/chat-service.js';
import { driveService } from './services/drive-service.js';
import { feedService } from './services/feed-service.js';
import { linkService } from './services/link-service.js';
import { liveService } from './services/live-service.js';
import { profileService } from './services/profile-service.js';
import { searchService } from './services/search-service.js';
import { sessionService } from './services/session-service.js';
import { sharingService } from './services/sharing-service.js';
import { socialService } from './services/social-service.js';
import { streamService } from './services/stream-service.js';
import { trashService } from './services/trash-service.js';
import { uploadService } from './services/upload-service.js';
import { waitingMessagesService } from './services/waiting-messages-service.js';

const state = new EngineState(globalThis.location.origin);
serveEngine(globalThis as unknown as Line, {
  ...sessionService(state),
  ...accountService(state),
  ...blamingOwners(state, driveService(state)),
  ...trashService(state),
  ...uploadService(state),
  ...streamService(state),
  ...searchService(state),
  ...socialService(state),
  ...feedService(state),
  ...chatService(state),
  ...waitingMessagesService(state),
  ...liveService(state),
  ...profileService(state),
  ...sharingService(state),
  ...linkService(state),
  ...state.thumbnailer.service,
  ...state.connection.service,
});
