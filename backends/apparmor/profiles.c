/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles in the kernel, through securityfs, and the tasks under them, through procfs. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"

#define APPARMOR_FS "/sys/kernel/security/apparmor"
#define RUN_DIR "/run/karmor"
#define LOCK_DIR RUN_DIR "/apparmor"
/* Twice, for a task may fork behind the reader of /proc and be gone before it is reached. */
#define SCANS 2

static int write_once(const char *path, const char *data, size_t len)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, data, len);
	return n < 0 ? -errno : (size_t)n == len ? 0 : -EIO;
}

int profiles_replace(const struct buf *binary, struct karmor_diag *diag)
{
	int r = write_once(APPARMOR_FS "/.replace", binary->data, binary->len);

	if (r < 0)
		diag_error(diag, NULL, NULL, "apparmor: cannot load profiles: %s", strerror(-r));
	return r == 0 || r == -ENOMEM || r == -EPERM ? r : r == -EACCES ? -EPERM : -EIO;
}

int profiles_remove(const char *profile)
{
	return write_once(APPARMOR_FS "/.remove", profile, strlen(profile));
}

int profiles_each(profiles_fn *fn, void *data)
{
	_cleanup_fclose_ FILE *file = fopen(APPARMOR_FS "/profiles", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (!file)
		return -errno;
	while (r == 0 && getline(&line, &size, file) > 0) {
		line[strcspn(line, " \n")] = '\0';
		if (strncmp(line, ENGINE_PREFIX, strlen(ENGINE_PREFIX)) == 0)
			r = fn(line, data);
	}
	return r;
}

static bool label_is(const char *label, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(label, prefix, len) == 0 && strchr(". \n", label[len]);
}

static bool task_is(const char *pid, const char *prefix)
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_close_ int fd = -1;
	char label[256];
	ssize_t n;

	buf_printf(&path, "/proc/%s/attr/apparmor/current", pid);
	fd = buf_failed(&path) ? -1 : open(path.data, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, label, sizeof(label) - 1);
	if (n <= 0)
		return false;
	label[n] = '\0';
	return label_is(label, prefix);
}

static long scan(const char *prefix)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	long n = 0;

	if (!proc)
		return -EIO;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			n += task_is(entry->d_name, prefix);
	closedir(proc);
	return n;
}

long profiles_tasks(const char *prefix)
{
	long n = 0;

	for (int i = 0; n == 0 && i < SCANS; i++)
		n = scan(prefix);
	return n;
}

/* "karmor-<engine>" of a profile. */
static bool engine_of(const char *profile, char *ret, size_t size)
{
	size_t len = strlen(ENGINE_PREFIX);

	len += strspn(profile + len, "0123456789abcdef");
	if (len + 1 > size || profile[len] != '-')
		return false;
	memcpy(ret, profile, len);
	ret[len] = '\0';
	return true;
}

/* Its file is locked as long as the engine, or what keeps it, lives. */
static bool is_alive(const char *engine)
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_close_ int fd = -1;

	buf_printf(&path, LOCK_DIR "/%s", engine);
	if (buf_failed(&path))
		return true;
	fd = open(path.data, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return true;
	unlink(path.data);
	return false;
}

static int has_task(const char *engine)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int ret = 0;

	if (!proc)
		return 1;
	while (!ret && (entry = readdir(proc))) {
		_cleanup_buf_ struct buf path = { 0 };
		_cleanup_close_ int fd = -1;
		char label[256] = "";

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		buf_printf(&path, "/proc/%s/attr/apparmor/current", entry->d_name);
		fd = buf_failed(&path) ? -1 : open(path.data, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && read(fd, label, sizeof(label) - 1) > 0)
			ret = strncmp(label, engine, strlen(engine)) == 0;
	}
	closedir(proc);
	return ret;
}

struct sweep {
	char **dead;
	size_t n;
};

static int sweep_note(const char *profile, void *data)
{
	struct sweep *sweep = data;
	char engine[64];
	char **grown;

	if (!engine_of(profile, engine, sizeof(engine)) || is_alive(engine) || has_task(engine))
		return 0;
	grown = reallocarray(sweep->dead, sweep->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	sweep->dead = grown;
	sweep->dead[sweep->n] = strdup(profile);
	return sweep->dead[sweep->n++] ? 0 : -ENOMEM;
}

/* What engines that are gone left behind, and no task is under any more. */
static void sweep_dead(void)
{
	struct sweep sweep = { 0 };

	(void)!profiles_each(sweep_note, &sweep);
	for (size_t i = 0; i < sweep.n; i++) {
		if (sweep.dead[i])
			(void)!profiles_remove(sweep.dead[i]);
		free(sweep.dead[i]);
	}
	free(sweep.dead);
}

static int claim_file(struct apparmor_engine *engine)
{
	_cleanup_buf_ struct buf path = { 0 };
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	snprintf(engine->id, sizeof(engine->id), "%016llx", (unsigned long long)random);
	buf_printf(&path, LOCK_DIR "/" ENGINE_PREFIX "%s", engine->id);
	if (buf_failed(&path))
		return -ENOMEM;
	engine->lock = open(path.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (engine->lock < 0 || flock(engine->lock, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return 0;
}

int profiles_claim(struct apparmor_engine *engine, struct karmor_diag *diag)
{
	_cleanup_close_ int lock = -1;
	int r;

	if ((mkdir(RUN_DIR, 0755) < 0 && errno != EEXIST) ||
	    (mkdir(LOCK_DIR, 0700) < 0 && errno != EEXIST) ||
	    (lock = open(LOCK_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0 ||
	    flock(lock, LOCK_EX) < 0) {
		r = errno == EACCES || errno == EPERM ? -EPERM : -EIO;
		diag_error(diag, NULL, NULL, "cannot lock %s: %s", LOCK_DIR "/lock",
			   strerror(errno));
		return r;
	}
	sweep_dead();
	r = claim_file(engine);
	if (r < 0)
		diag_error(diag, NULL, NULL, "cannot make a file in %s: %s", LOCK_DIR,
			   strerror(-r));
	return r == 0 || r == -ENOMEM ? r : -EIO;
}

void profiles_release(struct apparmor_engine *engine, bool empty)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_printf(&path, LOCK_DIR "/" ENGINE_PREFIX "%s", engine->id);
	if (empty && !buf_failed(&path))
		unlink(path.data);
	cleanup_close(&engine->lock);
}
