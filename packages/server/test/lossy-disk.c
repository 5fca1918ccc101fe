/*
 * A disk that forgets: preloaded into a process (LD_PRELOAD), it keeps for every file below $LOSSY_DISK a second copy in $LOSSY_DISK_DURABLE that
 * changes only when the file is synced, and then to what the file held when the sync began. That second copy is the least that a
 * machine may find after its power failed. Used by power-loss.test.ts.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void keep(int fd) {
  const char *folder = getenv("LOSSY_DISK"), *durable = getenv("LOSSY_DISK_DURABLE");
  char link[64], path[4096], temporary[4096 + 16], target[4096];
  if (folder == NULL || durable == NULL) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  struct stat info;
  size_t prefix = strlen(folder);
  if (strncmp(path, folder, prefix) != 0 || path[prefix] != '/' || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  const char *name = path + prefix + 1;
  if (strchr(name, '/') != NULL) return;
  pthread_mutex_lock(&mutex);
  snprintf(target, sizeof target, "%s/%s", durable, name);
  snprintf(temporary, sizeof temporary, "%s.tmp", target);
  /* Read through the same descriptor: closing one of our own would drop the locks of SQLite on the file. */
  int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int failed = out < 0;
  char *buffer = malloc(1 << 20);
  for (off_t at = 0; !failed;) {
    ssize_t count = pread(fd, buffer, 1 << 20, at);
    if (count == 0) break;
    failed = count < 0 || write(out, buffer, count) != count;
    at += count;
  }
  free(buffer);
  if (out >= 0) close(out);
  if (!failed) failed = rename(temporary, target) != 0;
  pthread_mutex_unlock(&mutex);
  if (failed) {
    dprintf(2, "lossy-disk: cannot keep %s\n", name);
    abort();
  }
}

/* The real sync is left out: the machine does not fail, and the test is faster. */
int fsync(int fd) {
  keep(fd);
  return 0;
}

int fdatasync(int fd) {
  keep(fd);
  return 0;
}
