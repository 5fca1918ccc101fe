export { type OpenedOperator, openOperator, type OpenOperatorOptions } from './open-operator.js';
export type {
  BackupProgress,
  GarbageSummary,
  GrantOptions,
  GrantReport,
  InviteLink,
  MessageReport,
  Operator,
  ServerStatus,
  SpaceRequestReport,
  UserReport,
} from './operator.js';
export { statusOfRunningServer } from './running-server.js';
export { signUpLinkAtStart } from './sign-up-link.js';
