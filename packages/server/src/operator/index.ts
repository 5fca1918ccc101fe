export { type OpenedOperator, openOperator, type OpenOperatorOptions } from './open-operator.js';
export type { BackupProgress, GarbageSummary, InviteLink, MessageReport, Operator, SpaceRequestReport, UserReport } from './operator.js';
export { signUpLinkAtStart } from './sign-up-link.js';
