#include "tests/crash/scene.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/key.h"
#include "runtime/stream_unix.h"
#include "tests/crash/trace.h"

#define SOCKET       SCENE_DIR "/run/zlayer-overlayd.sock"
#define BLOCK_PREFIX "10.200.4."
#define BLOCK_SIZE   64
#define PROBED       50 /* fewer than are free: a full subnet gets another one beside it */
#define REQUEST_MAX  1024

/* ---- the daemon ---- */

void scene_enter(struct scene *s)
{
	*s = (struct scene){ .fd = -1 };
	host_enter();
	sandbox_needs_tun();
	guest_start(&s->guest);
	run("ip link add up0 type veth peer name up1; ip addr add 192.0.2.1/24 dev up0;"
	    "ip link set up1 addrgenmode none up; ip link set up0 addrgenmode none up;"
	    "ip route add default via 192.0.2.2; %s ip link set lo up; mkdir -p " SCENE_DIR
	    "; mount -t tmpfs none /tmp",
	    IN(&s->guest));
}

static _Noreturn void become_daemon(void)
{
	const char *build = getenv("B");
	char path[256];
	int quiet = open("/dev/null", O_RDWR | O_CLOEXEC);

	snprintf(path, sizeof(path), "%s/bin/overlayd", build ? build : "build");
	dup2(quiet, STDIN_FILENO);
	dup2(quiet, STDOUT_FILENO);
	dup2(quiet, STDERR_FILENO);
	execl(path, "overlayd", "--data-dir", SCENE_DIR, NULL);
	_exit(127);
}

static pid_t begin(bool held)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	if (held)
		trace_hold();
	become_daemon();
}

pid_t scene_fork(void)
{
	return begin(true);
}

void scene_connect(struct scene *s)
{
	s->fd = connect_when_up(SOCKET);
}

void scene_start(struct scene *s)
{
	s->pid = begin(false);
	scene_connect(s);
}

void scene_forget(struct scene *s)
{
	fd_closep(&s->fd);
	s->pid = 0;
}

void scene_kill(struct scene *s)
{
	kill(s->pid, SIGKILL);
	CHECK_INT(waitpid(s->pid, NULL, 0), s->pid);
	scene_forget(s);
}

/* ---- asking ---- */

static void fill_in(const struct scene *s, const char *request, char text[REQUEST_MAX])
{
	const char *at = strchr(request, '%');
	char pid[16];

	if (!at) {
		snprintf(text, REQUEST_MAX, "%s", request);
		return;
	}
	snprintf(pid, sizeof(pid), "%d", (int)s->guest.pid);
	snprintf(text, REQUEST_MAX, "%.*s%s%s", (int)(at - request), request,
		 at[1] == 'd' ? pid : s->ip, at + 2);
}

/* Goes along with the frame's beginning. */
void scene_send_with(int connection, const char *body, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct cmsghdr *rights = (struct cmsghdr *)(void *)control;
	uint32_t n = (uint32_t)strlen(body);
	struct iovec head = { .iov_base = &n, .iov_len = sizeof(n) };
	const struct msghdr message = { .msg_iov = &head,
					.msg_iovlen = 1,
					.msg_control = control,
					.msg_controllen = sizeof(control) };

	*rights = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(rights), &fd, sizeof(int));
	if (sendmsg(connection, &message, MSG_NOSIGNAL) == sizeof(n)) /* else it has ended */
		send_bytes(connection, body, n);
}

static char *ask_with_netns(const struct scene *s, const char *request)
{
	char body[REQUEST_MAX + 64];

	snprintf(body, sizeof(body), "{\"frame\":\"request\",\"id\":1,\"request\":%s}", request);
	scene_send_with(s->fd, body, s->guest.netns);
	return read_body(s->fd);
}

char *scene_ask(struct scene *s, const char *request)
{
	char text[REQUEST_MAX], *answer;

	fill_in(s, request, text);
	answer = strstr(text, "linux_fd") ? ask_with_netns(s, text) : ask(s->fd, 1, text);
	if (answer && strstr(answer, "\"result\":\"ip\""))
		sscanf(strstr(answer, "\"ip\":"), "\"ip\":\"%63[^\"]", s->ip);
	return answer;
}

bool answer_is_good(const char *answer)
{
	return answer && strstr(answer, "\"result\":") && !strstr(answer, "\"result\":\"err\"");
}

void scene_must(struct scene *s, const char *request)
{
	_cleanup_(freep) char *answer = scene_ask(s, request);

	if (answer_is_good(answer))
		return;
	scene_show_log();
	check_fail(__FILE__, __LINE__, "%s: answered %s", request, answer ? answer : "nothing");
}

pid_t scene_ask_beside(struct scene *s, const char *request)
{
	pid_t pid = fork();
	char *answer;
	int fd;

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	answer = scene_ask(s, request);
	fd = open(SCENE_ANSWER, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	_exit(fd < 0 || (answer && write(fd, answer, strlen(answer)) < 0));
}

pid_t scene_wait_beside(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	close(connect_when_up(SOCKET));
	_exit(0);
}

/* ---- looking ---- */

/* State, carrier and numbers come and go by themselves. The rule of a container that was joined
 * stays in its namespace, of use to nobody, until it is joined again. */
static const char network[] =
	"printf 'link show\\naddr show\\nroute show table all\\nrule show\\n' | ip -N -o -batch - |"
	"sed -E 's/^[0-9]+: //; s/@[a-z0-9-]+:/:/; s/ (state|qdisc|mode) [A-Z0-9a-z]+//g;"
	"s/(NO-CARRIER|LOWER_UP|M-DOWN),//g; s/,(LOWER_UP|M-DOWN)//g; s/ linkdown//; "
	"s/link-netns(id)? [^ ]+//; s/ dead//;"
	"s/link.[^ ]+ [0-9a-f:]+ brd .*(\\\\    alias|$)/\\1/; / ff00::.8 /d; / lookup 200$/d';";
static const char host_only[] =
	"ip -6 -N -o rule; ip -N -6 -o route show table all | grep -v ' ff00::'; nft list ruleset;"
	"grep -s . /proc/sys/net/ipv[46]/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra "
	"/proc/sys/net/ipv6/conf/*/force_forwarding || true;"
	"find /run -printf '%p %y %m %u\\n' | grep -v '/answer\\|/overlayd.log\\| s ' | sort; ls "
	"/tmp";

/* Containers get whatever address is free: 0, 1 and the last of a block are no such. A node that
 * begins anew has another key. */
static void blur(char *text)
{
	char *key = strstr(text, "\"public_key\":\"");

	if (key)
		memset(key + strlen("\"public_key\":\""), '-', KEY_TEXT_MAX - 1);
	for (char *at = text; (at = strstr(at, BLOCK_PREFIX)); at++) {
		char *digits = at + strlen(BLOCK_PREFIX);
		size_t n = strspn(digits, "0123456789");
		int number = 0;

		if (sscanf(digits, "%3d", &number) != 1 || number % BLOCK_SIZE < 2 ||
		    number % BLOCK_SIZE == BLOCK_SIZE - 1)
			continue;
		*digits = 'x';
		memmove(digits + 1, digits + n, strlen(digits + n) + 1);
	}
}

/* Of either alphabet. */
static void blur_keys(char *text)
{
	for (char *at = text; *at;) {
		size_t n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789+/");

		if (n >= KEY_TEXT_MAX - 2)
			memset(at, '-', n);
		at += n > 0 ? n : 1;
	}
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In any order, so that what is listed in none can be compared. */
static char *sorted(char *text)
{
	char *lines[1024], *copy = calloc(strlen(text) + 2, 1), *rest = text;
	size_t n = 0;

	CHECK(copy);
	blur(text);
	for (char *line; (line = strsep(&rest, "\n")) && n < ARRAY_SIZE(lines);)
		lines[n++] = line;
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < n; i++)
		if (lines[i][0])
			strcat(strcat(copy, lines[i]), "\n");
	free(text);
	return copy;
}

void scene_put_store(FILE *out, const char *dir)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_dbi dbi;

	if (mdb_env_create(&env) || mdb_env_set_mapsize(env, (size_t)1 << 30) ||
	    mdb_env_open(env, dir, MDB_RDONLY | MDB_NOLOCK, 0) ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) || mdb_dbi_open(txn, NULL, 0, &dbi) ||
	    mdb_cursor_open(txn, dbi, &cursor)) {
		fprintf(out, "%s: no store\n", dir);
		return;
	}
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		fprintf(out, "%s: %.*s =", dir, (int)key.mv_size, (char *)key.mv_data);
		for (size_t i = 0; i < value.mv_size; i++) {
			unsigned char c = ((unsigned char *)value.mv_data)[i];

			if (isprint(c))
				fputc(c, out);
			else
				fprintf(out, "<%02x>", c);
		}
		fputc('\n', out);
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

void scene_learn_ip(struct scene *s)
{
	_cleanup_(freep) char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	CHECK(out);
	scene_put_store(out, SCENE_DIR "/run/store");
	fclose(out);
	CHECK(strstr(text, "lease "));
	CHECK_INT(sscanf(strstr(text, "lease "), "lease %63[0-9.]", s->ip), 1);
}

static char *ask_device(const char *path)
{
	_cleanup_(fd_closep) int fd = stream_connect(path);
	char *text = calloc(65536, 1);
	size_t n = 0;
	ssize_t got;

	CHECK(text);
	if (fd < 0 || write(fd, "get=1\n\n", 7) != 7)
		return text;
	while (!strstr(text, "\n\n") && (got = read(fd, text + n, 65535 - n)) > 0)
		n += (size_t)got;
	return sorted(text);
}

static void put_devices(FILE *out)
{
	DIR *dir = opendir("/run/wireguard");
	const struct dirent *entry;
	char path[300];

	while (dir && (entry = readdir(dir))) {
		_cleanup_(freep) char *text = NULL;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/run/wireguard/%s", entry->d_name);
		text = ask_device(path);
		fprintf(out, "%s\n%s", path, text);
	}
	if (dir)
		closedir(dir);
}

/* Those of the dead that were left to us, the first process here, are waited for. */
static void put_process(FILE *out, pid_t pid)
{
	char path[64], line[512] = "", name[64], state = '?';
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(line, sizeof(line), file) && strrchr(line, ')'))
		sscanf(strrchr(line, ')'), ") %c %d", &state, &parent);
	fclose(file);
	if (parent == getpid() && state == 'Z' && waitpid(pid, NULL, WNOHANG) == pid)
		return;
	if (sscanf(line, "%*d (%63[^)]", name) == 1 && pid != getpid())
		fprintf(out, "process %s%s\n", name, state == 'Z' ? ", dead" : "");
}

static void put_processes(FILE *out)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int pid;

	CHECK(dir);
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "%d", &pid) == 1)
			put_process(out, pid);
	closedir(dir);
}

static void put_script(FILE *out, char *text)
{
	fputs(text, out);
	free(text);
}

char *scene_look(struct scene *s)
{
	_cleanup_(freep) char *status = s->fd < 0 ? NULL : scene_ask(s, "{\"op\":\"status\"}");
	char *text = NULL, *processes = NULL;
	size_t n;
	FILE *out = open_memstream(&processes, &n);

	CHECK(out);
	put_processes(out);
	fclose(out);
	out = open_memstream(&text, &n);
	CHECK(out);
	put_script(out, sorted(processes));
	fprintf(out, "status %s\n", status ? status : "none");
	put_script(out, sorted(sh("%s", network)));
	put_script(out, sh("%s", host_only));
	put_script(out, sorted(sh("%s sh -c \"%s\"", IN(&s->guest), network)));
	put_devices(out);
	put_script(out, sh("wg show all dump 2>/dev/null || true")); /* the kernel's as well */
	scene_put_store(out, SCENE_DIR "/store");
	scene_put_store(out, SCENE_DIR "/run/store");
	fclose(out);
	blur(text);
	if (s->anew)
		blur_keys(text);
	return text;
}

char *scene_descriptors(const struct scene *s)
{
	return sorted(
		sh("ls -l /proc/%d/fd | sed -E 's/.* -> //; s/:\\[[0-9]+\\]//'", (int)s->pid));
}

/* ---- addresses ---- */

unsigned scene_free(struct scene *s)
{
	static const char take[] =
		"{\"op\":\"allocate_ip\",\"service\":\"web\",\"join_global\":false}";
	char taken[PROBED][sizeof(s->ip)], kept[sizeof(s->ip)];
	unsigned n = 0;

	memcpy(kept, s->ip, sizeof(kept));
	for (bool more = true; more && n < PROBED;) {
		_cleanup_(freep) char *answer = scene_ask(s, take);

		more = answer_is_good(answer);
		for (unsigned i = 0; i < n && more; i++)
			CHECK(strcmp(taken[i], s->ip) != 0);
		if (more)
			memcpy(taken[n++], s->ip, sizeof(s->ip));
	}
	for (unsigned i = 0; i < n; i++) {
		memcpy(s->ip, taken[i], sizeof(s->ip));
		scene_must(s, "{\"op\":\"release_ip\",\"ip\":\"%s\"}");
	}
	memcpy(s->ip, kept, sizeof(kept));
	return n;
}

void scene_show_log(void)
{
	_cleanup_(freep) char *text = sh("tail -n 12 " SCENE_DIR "/logs/overlayd.log");

	fputs(text, stderr);
}
