/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles in the kernel, through securityfs, and the tasks under them, through procfs. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"
#include "state.h"

#define APPARMOR_FS "/sys/kernel/security/apparmor"
#define RUN_DIR "/run/karmor"
#define ENGINES_MAX 65536
/* Twice, for a task may fork behind the reader of /proc and be gone before it is reached. */
#define SCANS 2
#define LABEL_MAX (STATE_LABEL_MAX + 256) /* a stack, on which others' may be */

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

static void remove_one(const char *profile)
{
	(void)!write_once(APPARMOR_FS "/.remove", profile, strlen(profile));
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

/* Empty where it has none, or is gone. */
static void label_read(const char *pid, char ret[LABEL_MAX])
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_close_ int fd = -1;
	ssize_t n = 0;

	buf_printf(&path, "/proc/%s/attr/apparmor/current", pid);
	fd = buf_failed(&path) ? -1 : open(path.data, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, ret, LABEL_MAX - 1);
	ret[n > 0 ? n : 0] = '\0';
}

/* Calls @fn with the label of each process, until it returns something else than 0, which this does
 * then; or -EIO. */
static int scan(profiles_fn *fn, void *data)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char label[LABEL_MAX];
	int r = 0;

	if (!proc)
		return -EIO;
	while (r == 0 && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		label_read(entry->d_name, label);
		r = fn(label, data);
	}
	closedir(proc);
	return r;
}

int profiles_labels(profiles_fn *fn, void *data)
{
	int r = 0;

	for (int i = 0; r == 0 && i < SCANS; i++)
		r = scan(fn, data);
	return r;
}

struct tally {
	const char *prefix;
	long n;
};

static int tally_add(const char *label, void *data)
{
	struct tally *tally = data;

	tally->n += apparmor_label_has(label, tally->prefix);
	return 0;
}

long profiles_tasks(const char *prefix)
{
	struct tally tally = { .prefix = prefix };
	int r = 0;

	for (int i = 0; r == 0 && tally.n == 0 && i < SCANS; i++)
		r = scan(tally_add, &tally);
	return r < 0 ? r : tally.n;
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

	buf_printf(&path, STATE_DIR "/%s", engine);
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

static int is_of(const char *label, void *data)
{
	return apparmor_label_has(label, data);
}

static bool has_task(char *engine)
{
	return scan(is_of, engine) != 0;
}

/* Names, to be removed when all have been read. */
struct sweep {
	const char *prefix; /* NULL: those of engines that are dead */
	char **names;
	size_t n;
};

static bool is_dead(const char *profile)
{
	char engine[64];

	return engine_of(profile, engine, sizeof(engine)) && !is_alive(engine) && !has_task(engine);
}

static int sweep_note(const char *profile, void *data)
{
	struct sweep *sweep = data;
	char **grown;

	if (sweep->prefix ? !apparmor_label_has(profile, sweep->prefix) : !is_dead(profile))
		return 0;
	grown = reallocarray(sweep->names, sweep->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	sweep->names = grown;
	sweep->names[sweep->n] = strdup(profile);
	return sweep->names[sweep->n++] ? 0 : -ENOMEM;
}

static void sweep_all(struct sweep *sweep)
{
	(void)!profiles_each(sweep_note, sweep);
	for (size_t i = 0; i < sweep->n; i++) {
		if (sweep->names[i]) {
			remove_one(sweep->names[i]);
			state_remove(sweep->names[i]);
		}
		free(sweep->names[i]);
	}
	free(sweep->names);
}

void profiles_remove(const char *prefix)
{
	struct sweep sweep = { .prefix = prefix };

	sweep_all(&sweep);
}

/* What engines that are gone left behind, and no task is under any more. */
static void sweep_dead(void)
{
	struct sweep sweep = { 0 };

	sweep_all(&sweep);
}

static int is_engines(const char *profile, void *data)
{
	return strncmp(profile, data, strlen(data)) == 0;
}

/* Workloads that are gone by now may have left their files. */
static void files_remove(const char *prefix)
{
	DIR *dir = opendir(STATE_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			state_remove(entry->d_name);
	if (dir)
		closedir(dir);
}

/* 1: the number is this engine's; 0: it is another's. */
static int claim_number(struct apparmor_engine *engine, unsigned number)
{
	char path[sizeof(STATE_DIR) + 64], prefix[64];
	int r;

	snprintf(engine->id, sizeof(engine->id), "%u", number);
	snprintf(prefix, sizeof(prefix), ENGINE_PREFIX "%s-", engine->id);
	snprintf(path, sizeof(path), STATE_DIR "/" ENGINE_PREFIX "%s", engine->id);
	r = profiles_each(is_engines, prefix);
	if (r)
		return r < 0 ? r : 0;
	engine->lock = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (engine->lock < 0)
		return errno == EEXIST ? 0 : -errno;
	files_remove(prefix);
	return flock(engine->lock, LOCK_EX | LOCK_NB) < 0 ? -errno : 1;
}

static int claim_file(struct apparmor_engine *engine)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < ENGINES_MAX; i++)
		r = claim_number(engine, i);
	return r == 1 ? 0 : r == 0 ? -EBUSY : r;
}

int profiles_claim(struct apparmor_engine *engine, struct karmor_diag *diag)
{
	_cleanup_close_ int lock = -1;
	int r;

	(void)!mkdir(RUN_DIR, 0755);
	(void)!mkdir(STATE_DIR, 0700);
	lock = state_lock(diag);
	if (lock < 0)
		return lock;
	sweep_dead();
	r = claim_file(engine);
	if (r < 0)
		diag_error(diag, NULL, NULL, "cannot make a file in %s: %s", STATE_DIR,
			   strerror(-r));
	return r == 0 || r == -ENOMEM ? r : -EIO;
}

void profiles_release(struct apparmor_engine *engine, bool empty)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_printf(&path, STATE_DIR "/" ENGINE_PREFIX "%s", engine->id);
	if (empty && !buf_failed(&path))
		unlink(path.data);
	cleanup_close(&engine->lock);
}
