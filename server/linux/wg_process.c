#include "server/linux/wg_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"
#include "server/engine/step.h"
#include "server/linux/control_dir.h"
#include "server/linux/link.h"

#define PROGRAM     "wireguard-go"
#define WAIT_MS     2
#define STOP_TRIES  (WG_SECONDS * 1000 / WAIT_MS)
#define START_TRIES (1000 / WAIT_MS)
#define SAID_MAX    4096

struct wg_process {
	struct wg_process *next;
	char link[LINK_NAME_MAX];
	pid_t pid;
};

const char *wg_socket_path(const struct wg *wg, const char *link, char text[128])
{
	snprintf(text, 128, "%s/%s.sock", wg->control_dir, link);
	return text;
}

void wg_process_tidy(const struct wg *wg, const char *link)
{
	char name[LINK_NAME_MAX + sizeof(".sock")];

	snprintf(name, sizeof(name), "%s.sock", link);
	control_dir_remove_dead(wg->control_dir, name);
}

static bool socket_answers(const struct wg *wg, const char *link)
{
	char path[128];
	_cleanup_(fd_closep) int fd = stream_connect(wg_socket_path(wg, link, path));

	return fd >= 0;
}

/* What it prints, its banner too, goes to memory that can't grow: nobody has to read it while it
 * runs, and what is beyond is lost. */
static int open_output(void)
{
	_cleanup_(fd_closep) int fd = memfd_create(PROGRAM, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0 || ftruncate(fd, SAID_MAX) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}

/* It gets none of our descriptors: libnftables opens one without O_CLOEXEC. */
static int spawn(const char *link, int output, pid_t *ret)
{
	extern char **environ;
	char *const argv[] = { PROGRAM, "-f", (char *)link, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &none);
	r = posix_spawnp(ret, PROGRAM, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return r == ENOENT ? -EOPNOTSUPP : -r;
}

static void log_output(struct wg *wg, const char *link, int output, enum log_level level)
{
	char said[SAID_MAX + 1];
	ssize_t n = pread(output, said, SAID_MAX, 0);

	if (n <= 0)
		return;
	said[n] = '\0';
	for (char *line = said, *end; *line; line = end + 1) {
		end = strchrnul(line, '\n');
		log_at(wg->log, level, "wireguard-go %s: %.*s", link, (int)(end - line), line);
		if (!*end)
			break;
	}
}

/* -EIO: it ended, and the device isn't there either. One that is there is that of the wireguard-go
 * of a daemon that died, which ours found in its way: that one's socket comes, and *pid is 0. */
static int wait_for_socket(struct wg *wg, const char *link, pid_t *pid)
{
	const struct timespec moment = { .tv_nsec = WAIT_MS * 1000000 };
	for (int i = 0; i < STOP_TRIES; i++) {
		if (socket_answers(wg, link))
			return 0;
		if (*pid && waitpid(*pid, NULL, WNOHANG) == *pid)
			*pid = 0;
		if (!*pid && !link_index(link))
			return -EIO;
		nanosleep(&moment, NULL);
	}
	if (!*pid)
		return -EIO;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	return -ETIMEDOUT;
}

int wg_process_start(struct wg *wg, const char *link)
{
	_cleanup_(freep) struct wg_process *process = calloc(1, sizeof(*process));
	_cleanup_(fd_closep) int output = open_output();
	int r;

	if (!process)
		return -ENOMEM;
	if (output < 0)
		return output;
	wg_process_stop(wg, link); /* one that ended by itself */
	r = spawn(link, output, &process->pid);
	if (r < 0)
		return r;
	r = wait_for_socket(wg, link, &process->pid);
	log_output(wg, link, output, r < 0 ? LOG_ERROR : LOG_DEBUG);
	if (r < 0 || !process->pid)
		return r;
	snprintf(process->link, sizeof(process->link), "%s", link);
	process->next = wg->processes;
	wg->processes = process;
	process = NULL;
	return 0;
}

int wg_process_wait(struct wg *wg, const char *link)
{
	const struct timespec moment = { .tv_nsec = WAIT_MS * 1000000 };

	for (int i = 0; i < START_TRIES && link_index(link); i++) {
		if (socket_answers(wg, link))
			return 0;
		nanosleep(&moment, NULL);
	}
	return -EEXIST;
}

static void end_process(pid_t pid)
{
	const struct timespec moment = { .tv_nsec = WAIT_MS * 1000000 };

	kill(pid, SIGTERM);
	for (int i = 0; i < STOP_TRIES; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&moment, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void wg_process_stop(struct wg *wg, const char *link)
{
	for (struct wg_process **at = &wg->processes; *at; at = &(*at)->next)
		if (strcmp((*at)->link, link) == 0) {
			struct wg_process *process = *at;

			*at = process->next;
			end_process(process->pid);
			wg_process_tidy(wg, link);
			free(process);
			return;
		}
}

void wg_process_forget_all(struct wg *wg)
{
	while (wg->processes) {
		struct wg_process *process = wg->processes;

		wg->processes = process->next;
		free(process);
	}
}
