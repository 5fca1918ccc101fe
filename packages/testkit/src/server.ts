export { type DaemonProcess, startDaemonProcess } from './server/daemon-process.js';
export { type NewAccount, SignUpClient, type SignUpChoices } from './server/sign-up-client.js';
export { type WireCall, WireClient, WireError, type WireWriter } from './server/wire-client.js';
