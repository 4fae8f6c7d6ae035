#include "server/store/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MAP_BYTES  ((size_t)1 << 30) /* of addresses, not of memory */
#define ASIDE_MAX  1000
#define FREE_PAGES ((MDB_dbi)0) /* what mdb_stat -f walks */
#define LOCK_BYTES 8192         /* of lock.mdb, for LMDB's 126 readers */

/* LMDB keeps the memory of as many pages as one change ever wrote, one for each pair maybe: so many
 * pairs may have it. */
#define CHANGES_KEPT 32

struct environment {
	char *dir;
	bool synced;
	MDB_env *mdb;    /* NULL: the next who needs it opens it */
	bool keeps_much; /* memory, of a large change */
	MDB_dbi dbi;
	size_t last_change;    /* the file's, when it was closed */
	pthread_mutex_t mutex; /* one change at a time */
	unsigned n_readers;    /* under the mutex; while there are any it stays open */
	MDB_txn *change;
	size_t n_changes; /* by it: so many pairs are otherwise now */
	int r;            /* the change's first failure */
	struct buf buf;   /* for who makes it */
};

/* LMDB's codes are errnos where they are positive; lmdb.h, "Return Codes". */
static int errno_of(int code)
{
	switch (code) {
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return -ENOSPC;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_PANIC:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return -EBADMSG;
	default:
		return code > 0 ? -code : -EIO;
	}
}

static MDB_val value_of(struct ovd_view view)
{
	return (MDB_val){ .mv_size = view.n, .mv_data = (void *)view.p };
}

static struct ovd_view view_of(const MDB_val *value)
{
	return (struct ovd_view){ .p = value->mv_data, .n = value->mv_size };
}

static int open_mdb(const char *dir, unsigned flags, MDB_env **ret)
{
	MDB_env *mdb;
	int code = mdb_env_create(&mdb);

	if (code)
		return errno_of(code);
	code = mdb_env_set_mapsize(mdb, MAP_BYTES);
	if (code == 0)
		code = mdb_env_open(mdb, dir, flags | MDB_NOTLS, 0600);
	if (code) {
		mdb_env_close(mdb);
		return errno_of(code);
	}
	*ret = mdb;
	return 0;
}

static int walk(MDB_env *mdb, MDB_dbi dbi,
		int (*each)(void *arg, struct ovd_view key, struct ovd_view value), void *arg)
{
	MDB_val key, value;
	MDB_cursor *cursor;
	MDB_txn *txn;
	int code = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn), r = 0;

	if (code)
		return errno_of(code);
	code = mdb_cursor_open(txn, dbi, &cursor);
	if (code == 0) {
		while (r == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
			r = each(arg, view_of(&key), view_of(&value));
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return r < 0 ? r : code && code != MDB_NOTFOUND ? errno_of(code) : 0;
}

static int open_main(MDB_env *mdb, unsigned flags, MDB_dbi *ret)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(mdb, NULL, flags, &txn);

	if (code)
		return errno_of(code);
	code = mdb_dbi_open(txn, NULL, 0, ret);
	if (code) {
		mdb_txn_abort(txn);
		return errno_of(code);
	}
	code = mdb_txn_commit(txn);
	return code ? errno_of(code) : 0;
}

/* ---- damaged? ---- */

static int touch(void *arg, struct ovd_view key, struct ovd_view value)
{
	volatile unsigned *sum = arg;

	for (size_t i = 0; i < key.n; i++)
		*sum += (unsigned char)key.p[i];
	for (size_t i = 0; i < value.n; i++)
		*sum += (unsigned char)value.p[i];
	return 0;
}

/* LMDB reads its file by memory: a bad page may well be a signal. */
static int read_all(const char *dir)
{
	volatile unsigned sum = 0;
	MDB_env *mdb;
	MDB_dbi dbi;
	int r = open_mdb(dir, MDB_RDONLY | MDB_NOLOCK, &mdb);

	if (r == 0)
		r = open_main(mdb, MDB_RDONLY, &dbi);
	if (r == 0)
		r = walk(mdb, dbi, touch, (void *)&sum);
	return r == 0 ? walk(mdb, FREE_PAGES, touch, (void *)&sum) : r;
}

/* A child that dies of the file does so in silence. */
static void be_quiet(void)
{
	static const struct rlimit none = { .rlim_cur = 0 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setrlimit(RLIMIT_CORE, &none);
	dup2(null, STDERR_FILENO);
}

static bool died_of_file(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGFPE ||
	       number == SIGILL;
}

static bool is_new(const char *dir)
{
	char *path;
	bool is;

	if (asprintf(&path, "%s/data.mdb", dir) < 0)
		return false;
	is = access(path, F_OK) < 0 && errno == ENOENT;
	free(path);
	return is;
}

/* 0, 1, or why that can't be told. */
static int is_damaged(const char *dir)
{
	pid_t pid;
	int status;

	if (is_new(dir))
		return 0;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		be_quiet();
		_exit(read_all(dir) == -EBADMSG);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) != 0;
	return died_of_file(WTERMSIG(status)) ? 1 : -EINTR; /* somebody else ended it */
}

static int move_aside(const char *dir, char **ret)
{
	char *to;

	for (int n = 1; n <= ASIDE_MAX; n++) {
		if (n == 1 ? asprintf(&to, "%s" ENVIRONMENT_DAMAGED, dir) < 0
			   : asprintf(&to, "%s" ENVIRONMENT_DAMAGED "-%d", dir, n) < 0)
			return -ENOMEM;
		if (renameat2(AT_FDCWD, dir, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
			*ret = to;
			return 0;
		}
		free(to);
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* ---- life ---- */

static int make_dir(const char *dir)
{
	if (mkdir(dir, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	return chmod(dir, 0700) < 0 ? -errno : 0;
}

/* LMDB writes to that file by memory alone: without a place on the disk that is a signal. */
static int reserve_lock(const char *dir)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(fd_closep) int fd = -1;

	if (asprintf(&path, "%s/lock.mdb", dir) < 0)
		return -ENOMEM;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : -posix_fallocate(fd, 0, LOCK_BYTES);
}

static size_t last_change(const struct environment *env)
{
	MDB_envinfo info = { .me_last_txnid = 0 };

	mdb_env_info(env->mdb, &info);
	return info.me_last_txnid;
}

static void close_mdb(struct environment *env)
{
	if (!env->mdb)
		return;
	env->last_change = last_change(env);
	mdb_env_close(env->mdb);
	env->mdb = NULL;
	env->keeps_much = false;
}

static int open_all(struct environment *env)
{
	unsigned flags = env->synced ? 0 : MDB_NOSYNC | MDB_NOMETASYNC;
	int r = reserve_lock(env->dir);

	if (r == 0)
		r = open_mdb(env->dir, flags, &env->mdb);
	if (r == 0)
		r = open_main(env->mdb, 0, &env->dbi);
	if (r < 0)
		close_mdb(env);
	return r;
}

/* If it is closed. Somebody may have emptied the file, or put another into its place: what would be
 * written then would look like all there is. */
static int open_again(struct environment *env)
{
	size_t left_at = env->last_change;
	int r;

	if (env->mdb)
		return 0;
	r = open_all(env);
	if (r == 0 && last_change(env) != left_at) {
		close_mdb(env);
		r = -ESTALE;
	}
	env->last_change = left_at;
	return r;
}

int environment_open(const struct environment_options *options, struct environment **ret,
		     char **ret_moved)
{
	struct environment *env;
	char *moved = NULL;
	int r = make_dir(options->dir);

	if (r == 0)
		r = is_damaged(options->dir);
	if (r == 1)
		r = move_aside(options->dir, &moved);
	if (r == 0 && moved)
		r = make_dir(options->dir);
	if (r < 0) {
		free(moved);
		return r;
	}
	env = calloc(1, sizeof(*env));
	if (env) {
		pthread_mutex_init(&env->mutex, NULL);
		env->synced = options->synced;
		env->dir = strdup(options->dir);
	}
	r = env && env->dir ? open_all(env) : -ENOMEM;
	if (r < 0) {
		environment_close(env);
		free(moved);
		return r;
	}
	*ret = env;
	*ret_moved = moved;
	return 0;
}

void environment_close(struct environment *env)
{
	if (!env)
		return;
	close_mdb(env);
	buf_wipe(&env->buf);
	pthread_mutex_destroy(&env->mutex);
	free(env->dir);
	free(env);
}

/* ---- changes ---- */

static void note(struct environment *env, int code)
{
	if (code && env->r == 0)
		env->r = errno_of(code);
}

struct buf *environment_begin(struct environment *env)
{
	pthread_mutex_lock(&env->mutex);
	env->r = open_again(env);
	env->change = NULL;
	env->n_changes = 0;
	env->buf.n = 0;
	if (env->r == 0)
		note(env, mdb_txn_begin(env->mdb, NULL, 0, &env->change));
	return &env->buf;
}

static bool is_there(struct environment *env, MDB_val *key, struct ovd_view value)
{
	MDB_val v;

	return mdb_get(env->change, env->dbi, key, &v) == 0 && view_eq(view_of(&v), value);
}

void environment_put(struct environment *env, struct ovd_view key, struct ovd_view value)
{
	MDB_val k = value_of(key), v = value_of(value);

	if (env->r < 0 || is_there(env, &k, value))
		return;
	env->n_changes++;
	note(env, mdb_put(env->change, env->dbi, &k, &v, 0));
}

void environment_delete(struct environment *env, struct ovd_view key)
{
	MDB_val k = value_of(key);
	int code = env->r == 0 ? mdb_del(env->change, env->dbi, &k, NULL) : MDB_NOTFOUND;

	if (code == MDB_NOTFOUND)
		return;
	env->n_changes++;
	note(env, code);
}

void environment_clear(struct environment *env)
{
	env->n_changes++;
	if (env->r == 0)
		note(env, mdb_drop(env->change, env->dbi, 0));
}

int environment_end(struct environment *env, int r)
{
	if (r == 0)
		r = env->r;
	if (r == 0 && env->n_changes > 0) {
		int code = mdb_txn_commit(env->change);

		r = code ? errno_of(code) : 0;
	} else if (env->change) {
		mdb_txn_abort(env->change);
	}
	env->change = NULL;
	env->keeps_much |= env->n_changes > CHANGES_KEPT;
	pthread_mutex_unlock(&env->mutex);
	return r;
}

void environment_rest(struct environment *env)
{
	pthread_mutex_lock(&env->mutex);
	if (env->keeps_much && env->n_readers == 0)
		close_mdb(env);
	pthread_mutex_unlock(&env->mutex);
}

static int reader_begin(struct environment *env)
{
	int r;

	pthread_mutex_lock(&env->mutex);
	r = open_again(env);
	env->n_readers += r == 0;
	pthread_mutex_unlock(&env->mutex);
	return r;
}

static void reader_end(struct environment *env)
{
	pthread_mutex_lock(&env->mutex);
	env->n_readers--;
	pthread_mutex_unlock(&env->mutex);
}

int environment_each(struct environment *env,
		     int (*each)(void *arg, struct ovd_view key, struct ovd_view value), void *arg)
{
	int r = reader_begin(env);

	if (r < 0)
		return r;
	r = walk(env->mdb, env->dbi, each, arg);
	reader_end(env);
	return r;
}
