#include "tests/crash/trace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/check.h"

#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)
#define SYSCALL_STOP (SIGTRAP | 0x80)

/* ---- which calls ---- */

static const struct {
	uint64_t nr;
	const char *name;
	bool on_descriptor; /* the first argument is one */
} changing[] = {
	{ SYS_write, "write", true },         { SYS_pwrite64, "pwrite64", true },
	{ SYS_writev, "writev", true },       { SYS_pwritev, "pwritev", true },
	{ SYS_sendto, "sendto", true },       { SYS_sendmsg, "sendmsg", true },
	{ SYS_ftruncate, "ftruncate", true }, { SYS_fallocate, "fallocate", true },
	{ SYS_bind, "bind", true },           { SYS_fchmod, "fchmod", true },
	{ SYS_fchown, "fchown", true },       { SYS_setns, "setns", false },
	{ SYS_unshare, "unshare", false },    { SYS_rename, "rename", false },
	{ SYS_renameat, "renameat", false },  { SYS_renameat2, "renameat2", false },
	{ SYS_unlink, "unlink", false },      { SYS_unlinkat, "unlinkat", false },
	{ SYS_link, "link", false },          { SYS_linkat, "linkat", false },
	{ SYS_symlink, "symlink", false },    { SYS_mkdir, "mkdir", false },
	{ SYS_mkdirat, "mkdirat", false },    { SYS_rmdir, "rmdir", false },
	{ SYS_chmod, "chmod", false },        { SYS_fchmodat, "fchmodat", false },
	{ SYS_chown, "chown", false },        { SYS_truncate, "truncate", false },
	{ SYS_fork, "fork", false },          { SYS_vfork, "vfork", false },
	{ SYS_clone, "clone", false },        { SYS_clone3, "clone3", false },
	{ SYS_kill, "kill", false },          { SYS_openat, "openat", false },
};

const char *trace_name(uint64_t nr)
{
	static char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(changing); i++)
		if (changing[i].nr == nr)
			return changing[i].name;
	snprintf(text, sizeof(text), "call %llu", (unsigned long long)nr);
	return text;
}

static bool is_outside(const struct trace_call *call)
{
	char path[64], to[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)call->tid, (int)call->args[0]);
	n = readlink(path, to, sizeof(to) - 1);
	if (n < 0)
		return false;
	to[n] = '\0';
	return !strstr(to, "[eventfd]") && !strstr(to, "/overlayd.log") &&
	       !strstr(to, "/dev/null") && !strstr(to, "pipe:");
}

bool trace_changes(const struct trace_call *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(changing); i++) {
		if (changing[i].nr != call->nr)
			continue;
		if (call->nr == SYS_openat)
			return call->args[2] & (O_CREAT | O_TRUNC);
		return !changing[i].on_descriptor || is_outside(call);
	}
	return false;
}

/* ---- the traced thread ---- */

void trace_read(const struct trace_call *call, uint64_t at, void *p, size_t n)
{
	const struct iovec here = { p, n }, there = { (void *)(uintptr_t)at, n };

	CHECK_INT(process_vm_readv(call->tid, &here, 1, &there, 1, 0), n);
}

void trace_write(const struct trace_call *call, uint64_t at, const void *p, size_t n)
{
	const struct iovec here = { (void *)(uintptr_t)p, n }, there = { (void *)(uintptr_t)at, n };

	CHECK_INT(process_vm_writev(call->tid, &here, 1, &there, 1, 0), n);
}

#if defined(__x86_64__)
void trace_set_result(const struct trace_call *call, int64_t r)
{
	struct user_regs_struct regs;

	CHECK_INT(ptrace(PTRACE_GETREGS, call->tid, NULL, &regs), 0);
	if (call->made)
		regs.rax = (unsigned long long)r;
	else
		regs.orig_rax = (unsigned long long)-1; /* no call: its result is set after it */
	CHECK_INT(ptrace(PTRACE_SETREGS, call->tid, NULL, &regs), 0);
}
#else
void trace_set_result(const struct trace_call *call _unused_, int64_t r _unused_)
{
	SKIP("registers of this processor are not known here");
}
#endif

static bool read_call(pid_t tid, struct trace_call *ret)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0)
		return false;
	ret->tid = tid;
	ret->made = info.op == PTRACE_SYSCALL_INFO_EXIT;
	if (ret->made) {
		ret->r = info.exit.rval;
		return true;
	}
	ret->nr = info.entry.nr;
	memcpy(ret->args, info.entry.args, sizeof(ret->args));
	return info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

/* ---- following ---- */

/* The kernel tells what a call is when it begins, and not again when it ends. */
static struct trace_call *call_of(struct trace *t, pid_t tid)
{
	struct trace_call *free_one = NULL;

	for (size_t i = 0; i < TRACE_THREADS_MAX; i++) {
		if (t->calls[i].tid == tid)
			return &t->calls[i];
		if (t->calls[i].tid == 0 && !free_one)
			free_one = &t->calls[i];
	}
	CHECK(free_one);
	*free_one = (struct trace_call){ .tid = tid };
	return free_one;
}

static void go_on(pid_t tid, int signal)
{
	ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(intptr_t)signal);
}

static void stopped(struct trace *t, pid_t tid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	struct trace_call *call;

	if (signal == SYSCALL_STOP) {
		call = call_of(t, tid);
		if (read_call(tid, call) && t->look(t->arg, call)) {
			kill(t->pid, SIGKILL);
			return;
		}
		signal = 0;
	}
	go_on(tid, event ? 0 : signal);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* SIGCHLD is blocked, and so waits for who asks for it. */
static void wait_for_child(double ms)
{
	const struct timespec most = { .tv_nsec = (long)(MIN(ms, 900.0) * 1e6) };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &most);
}

static void begin(struct trace *t)
{
	sigset_t child;

	memset(t->calls, 0, sizeof(t->calls));
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	t->ended = false;
}

/* For each thread that there is, those too that come meanwhile. */
static void each_thread(pid_t pid, void (*each)(pid_t tid))
{
	const struct dirent *entry;
	char path[64];
	DIR *dir;
	int tid;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	CHECK(dir);
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "%d", &tid) == 1)
			each(tid);
	closedir(dir);
}

static void seize(pid_t tid)
{
	CHECK_INT(ptrace(PTRACE_SEIZE, tid, NULL, (void *)OPTIONS), 0);
	CHECK_INT(ptrace(PTRACE_INTERRUPT, tid, NULL, NULL), 0);
}

void trace_begin(struct trace *t)
{
	begin(t);
	each_thread(t->pid, seize);
}

void trace_hold(void)
{
	raise(SIGSTOP);
}

void trace_begin_held(struct trace *t)
{
	int status;

	begin(t);
	CHECK_INT(waitpid(t->pid, &status, WUNTRACED), t->pid);
	CHECK(WIFSTOPPED(status));
	CHECK_INT(ptrace(PTRACE_SEIZE, t->pid, NULL, (void *)OPTIONS), 0);
	kill(t->pid, SIGCONT);
}

/* 0: nothing has happened. */
static pid_t take_one(struct trace *t)
{
	int status;
	pid_t pid = waitpid(-1, &status, __WALL | WNOHANG);

	if (pid <= 0)
		return 0;
	if (WIFSTOPPED(status))
		stopped(t, pid, status);
	else if (pid == t->pid)
		t->ended = true;
	return WIFSTOPPED(status) ? -1 : pid;
}

void trace_run(struct trace *t, pid_t client, int ms)
{
	double until = client ? 0 : now() + ms;

	while (!t->ended && (until == 0 || now() < until)) {
		pid_t pid = take_one(t);

		if (pid == 0)
			wait_for_child(until == 0 ? 900 : until - now());
		else if (client && pid == client)
			client = 0, until = now() + ms;
	}
	if (!client)
		return;
	kill(client, SIGKILL);
	waitpid(client, NULL, 0);
}

static void interrupt(pid_t tid)
{
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
}

static void let_go(pid_t tid)
{
	int status;

	if (waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status))
		CHECK_INT(ptrace(PTRACE_DETACH, tid, NULL, NULL), 0);
}

void trace_let_go(struct trace *t)
{
	if (t->ended)
		return;
	each_thread(t->pid, interrupt);
	each_thread(t->pid, let_go);
}

void trace_kill(struct trace *t)
{
	if (t->ended)
		return;
	kill(t->pid, SIGKILL);
	while (!t->ended)
		if (take_one(t) == 0)
			wait_for_child(900);
}
