export { DamagedBackupError } from './problem-list.js';
export { restoreBackup, type RestoreBackupOptions, type RestoreSummary } from './restore-backup.js';
export { type BackupSummary, writeBackup, type WriteBackupOptions } from './write-backup.js';
