export { type ContextOverrides, type ContextOptions, createContext, type ServerContext } from './context.js';
export { ConnectionRoom, type ConnectionRoomOptions } from './http/connection-room.js';
export { createLogger, type LoggerOptions, type ServerLogger } from './logger.js';
export * from './operator/index.js';
export { type RunningServer, type ServerOverrides, startServer } from './server.js';
export { serverVersion } from './version.js';
