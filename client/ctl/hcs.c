#include "client/ctl/hcs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/exit.h"
#include "client/ctl/hcs_events.h"
#include "client/ctl/help.h"
#include "client/ctl/print.h"
#include "runtime/file.h"
#include "server/hcs/document.h"
#include "server/hcs/system.h"

#define DOCUMENT_MAX (1 << 20)

/* One command that is run. */
struct job {
	const struct command_line *line;
	const struct hcs_api *api;
	char **words; /* behind the command, ended by NULL */
	struct hcs_error error;
};

void help_hcs(FILE *out)
{
	fputs("usage: overlayctl hcs COMMAND\n"
	      "\n"
	      "The compute systems of this host, containers and utility VMs of Windows; the daemon "
	      "has no\n"
	      "part in it. --timeout is 240 seconds here.\n"
	      "\n"
	      "  list                           what there is\n"
	      "  events [ID...]                 prints the events of these systems, or of all that "
	      "there are now,\n"
	      "                                 until each has ended\n"
	      "  properties ID [TYPE...]        the document of its properties; TYPE as "
	      "Statistics\n"
	      "  create ID FILE [--start] [--watch]\n"
	      "                                 makes one of a document (- is standard input); "
	      "--watch prints its\n"
	      "                                 events until it has ended. One that ends with its "
	      "last handle ends\n"
	      "                                 with this program\n"
	      "  start ID                       starts it\n"
	      "  shutdown ID                    asks it to end\n"
	      "  terminate ID                   ends it\n",
	      out);
}

uint32_t hcs_timeout(const struct command_line *line)
{
	return line->has_timeout ? line->timeout_ms : HCS_TIMEOUT_DEFAULT_MS;
}

/* ---- answers ---- */

static int done(const struct job *job)
{
	const struct ovd_response ok = { .kind = OVD_RESPONSE_OK };

	return exit_answer(&ok, job->line->json);
}

/* As overlayd's codes for err, schema/overlayd.proto. */
static const char *code_of(enum hcs_class class)
{
	switch (class) {
	case HCS_CLASS_NOT_FOUND:
		return "not_found";
	case HCS_CLASS_ACCESS_DENIED:
		return "not_permitted";
	case HCS_CLASS_PENDING:
	case HCS_CLASS_INVALID_STATE:
		return "busy";
	case HCS_CLASS_TIMEOUT:
		return "timed_out";
	case HCS_CLASS_ALREADY_EXISTS:
	case HCS_CLASS_CALLBACK_SET:
		return "exists";
	case HCS_CLASS_INVALID_DOCUMENT:
		return "invalid";
	case HCS_CLASS_DISCONNECTED:
	case HCS_CLASS_UNAVAILABLE:
		return "unavailable";
	case HCS_CLASS_OK:
	case HCS_CLASS_STOPPED:
	case HCS_CLASS_OTHER:
		break;
	}
	return "failed";
}

int hcs_failed(const struct command_line *line, const struct hcs_error *error)
{
	const struct ovd_response err = { .kind = OVD_RESPONSE_ERR,
					  .err = { .message = view(error->text),
						   .code = view(code_of(error->class)) } };
	int status = exit_answer(&err, line->json);

	if (error->class == HCS_CLASS_TIMEOUT)
		return EXIT_TIMEOUT;
	/* The service isn't there, rather than that it said no. */
	return error->class == HCS_CLASS_UNAVAILABLE ? EXIT_CONNECTION : status;
}

static int failed(struct job *job)
{
	return hcs_failed(job->line, &job->error);
}

static int no_memory(void)
{
	fputs("overlayctl: no memory\n", stderr);
	return EXIT_ERR;
}

/* What the service answered can't be read. */
static int bad_answer(int r)
{
	if (r == -ENOMEM)
		return no_memory();
	fputs("overlayctl: an answer that is none: no such document\n", stderr);
	return EXIT_PROTOCOL;
}

/* ---- list ---- */

static int get_list(struct job *job, struct arena *arena, struct hcs_system_list *ret, int *status)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };
	int r = compute_systems_enumerate(job->api, NULL, hcs_timeout(job->line), &text,
					  &job->error);

	if (r < 0) {
		*status = failed(job);
		return r;
	}
	r = document_systems(buf_view(&text), arena, ret);
	if (r < 0)
		*status = bad_answer(r);
	return r;
}

static int run_list(struct job *job)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(buf_done) struct buf text = { .p = NULL };
	struct hcs_system_list list;
	int status;

	if (get_list(job, &arena, &list, &status) < 0)
		return status;
	if (!job->line->json) {
		print_document(stdout, &hcs_system_list_table, &list);
		return EXIT_OK;
	}
	for (size_t i = 0; i < list.systems.n; i++) {
		text.n = 0;
		if (hcs_system_info_encode(&list.systems.items[i], &text) < 0)
			return no_memory();
		print_json(stdout, buf_view(&text));
	}
	return EXIT_OK;
}

/* ---- events ---- */

struct watched {
	struct hcs_watch *watch;
	struct compute_system **systems;
	size_t n;
};

static void watched_done(struct watched *w)
{
	for (size_t i = 0; i < w->n; i++)
		compute_system_close(w->systems[i]);
	free(w->systems);
	hcs_watch_free(w->watch);
}

static int watched_init(struct watched *w, size_t room)
{
	w->watch = hcs_watch_new();
	w->systems = calloc(room + 1, sizeof(*w->systems));
	return w->watch && w->systems ? 0 : -ENOMEM;
}

static int watch_one(struct job *job, struct watched *w, const char *id)
{
	struct compute_system_reader reader = hcs_watch_reader(w->watch);
	int r = compute_system_watch(job->api, id, &reader, hcs_timeout(job->line),
				     &w->systems[w->n], &job->error);

	if (r == 0)
		w->n++;
	return r;
}

static int print_watched(struct job *job, struct watched *w)
{
	return hcs_watch_print(w->watch, w->systems, w->n, job->line->json) < 0 ? no_memory()
										: EXIT_OK;
}

/* What was listed and has gone since is none of those that there are. */
static int watch_all(struct job *job)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(watched_done) struct watched w = { .n = 0 };
	struct hcs_system_list list;
	int status;

	if (get_list(job, &arena, &list, &status) < 0)
		return status;
	if (watched_init(&w, list.systems.n) < 0)
		return no_memory();
	for (size_t i = 0; i < list.systems.n; i++)
		if (watch_one(job, &w, list.systems.items[i].id.p) < 0 &&
		    job->error.class != HCS_CLASS_NOT_FOUND)
			return failed(job);
	return print_watched(job, &w);
}

static int run_events(struct job *job)
{
	_cleanup_(watched_done) struct watched w = { .n = 0 };
	size_t n = 0;

	if (!*job->words)
		return watch_all(job);
	while (job->words[n])
		n++;
	if (watched_init(&w, n) < 0)
		return no_memory();
	for (size_t i = 0; i < n; i++)
		if (watch_one(job, &w, job->words[i]) < 0)
			return failed(job);
	return print_watched(job, &w);
}

/* ---- one system ---- */

static int run_properties(struct job *job)
{
	_cleanup_(buf_done) struct buf query = { .p = NULL }, answer = { .p = NULL },
				       shown = { .p = NULL };
	char **types = job->words + 1;
	struct compute_system *system;
	size_t n = 0;
	int r;

	while (types[n])
		n++;
	if (n > 0 && document_property_query((const char *const *)types, n, &query) < 0)
		return no_memory();
	if (compute_system_open(job->api, job->words[0], &system, &job->error) < 0)
		return failed(job);
	r = compute_system_properties(system, query.p, hcs_timeout(job->line), &answer,
				      &job->error);
	compute_system_close(system);
	if (r < 0)
		return failed(job);
	r = document_format(buf_view(&answer), !job->line->json, &shown);
	if (r < 0)
		return bad_answer(r);
	print_json(stdout, buf_view(&shown));
	return EXIT_OK;
}

/* start, shutdown, terminate */
static int change(struct job *job, int (*how)(struct compute_system *system, uint32_t timeout_ms,
					      struct hcs_error *error))
{
	struct compute_system *system;
	int r = compute_system_open(job->api, job->words[0], &system, &job->error);

	if (r < 0)
		return failed(job);
	r = how(system, hcs_timeout(job->line), &job->error);
	compute_system_close(system);
	return r < 0 ? failed(job) : done(job);
}

static int run_start(struct job *job)
{
	return change(job, compute_system_start);
}

static int run_shutdown(struct job *job)
{
	return change(job, compute_system_shut_down);
}

static int run_terminate(struct job *job)
{
	return change(job, compute_system_terminate);
}

/* ---- create ---- */

static int read_all(FILE *file, struct buf *out)
{
	size_t n = 1;

	while (n > 0 && out->n <= DOCUMENT_MAX) {
		if (buf_reserve(out, 65536) < 0)
			return -ENOMEM;
		n = fread(out->p + out->n, 1, out->cap - out->n, file);
		out->n += n;
	}
	if (ferror(file))
		return -EIO;
	return out->n > DOCUMENT_MAX ? -EFBIG : 0;
}

/* The document as a C string, or what is wrong with it on standard error. */
static int read_document(const char *path, struct buf *out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : file_open(path);
	int r = file ? read_all(file, out) : -errno;

	if (file && !is_stdin)
		fclose(file);
	if (r == 0)
		r = document_is_object(buf_view(out)) ? buf_append(out, "", 1) : -EBADMSG;
	if (r < 0)
		fprintf(stderr, "overlayctl hcs create: %s: %s\n", path,
			r == -EBADMSG ? "no JSON object" : strerror(-r));
	return r;
}

static int start_and_watch(struct job *job, struct watched *w, bool start, bool watch)
{
	if (start && compute_system_start(w->systems[0], hcs_timeout(job->line), &job->error) < 0)
		return failed(job);
	return watch ? print_watched(job, w) : done(job);
}

static int run_create(struct job *job)
{
	_cleanup_(buf_done) struct buf document = { .p = NULL };
	_cleanup_(watched_done) struct watched w = { .n = 0 };
	struct compute_system_reader reader;
	bool start = false, watch = false;

	for (char **flag = job->words + 2; *flag; flag++) {
		start |= strcmp(*flag, "--start") == 0;
		watch |= strcmp(*flag, "--watch") == 0;
		if (strcmp(*flag, "--start") != 0 && strcmp(*flag, "--watch") != 0) {
			fprintf(stderr, "overlayctl hcs create: %s: unknown\n", *flag);
			return EXIT_USAGE;
		}
	}
	if (read_document(job->words[1], &document) < 0)
		return EXIT_USAGE;
	if (watched_init(&w, 1) < 0)
		return no_memory();
	reader = hcs_watch_reader(w.watch);
	if (compute_system_create(job->api, job->words[0], document.p, &reader,
				  hcs_timeout(job->line), &w.systems[0], &job->error) < 0)
		return failed(job);
	w.n = 1;
	return start_and_watch(job, &w, start, watch);
}

/* ---- which ---- */

struct command {
	const char *name;
	size_t least, most; /* words behind it */
	int (*run)(struct job *job);
};

static const struct command commands[] = {
	{ "list", 0, 0, run_list },
	{ "events", 0, SIZE_MAX, run_events },
	{ "properties", 1, SIZE_MAX, run_properties },
	{ "create", 2, 4, run_create },
	{ "start", 1, 1, run_start },
	{ "shutdown", 1, 1, run_shutdown },
	{ "terminate", 1, 1, run_terminate },
};

static const struct command *find_command(char **words)
{
	size_t n = 0;

	while (words[0] && words[n + 1])
		n++;
	for (size_t i = 0; words[0] && i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, words[0]) == 0 && n >= commands[i].least &&
		    n <= commands[i].most)
			return &commands[i];
	return NULL;
}

/* Before there is a service: -1, or the exit status of a line that needs none. */
static int check_line(const struct command_line *line)
{
	const char *word = line->rest[1];

	if (help_asked(word)) {
		help_hcs(stdout);
		return EXIT_OK;
	}
	if (find_command(line->rest + 1))
		return -1;
	help_hcs(stderr);
	return EXIT_USAGE;
}

int hcs_run_on(const struct command_line *line, const struct hcs_api *api)
{
	struct job job = { .line = line, .api = api, .words = line->rest + 2 };
	int status = check_line(line);

	return status >= 0 ? status : find_command(line->rest + 1)->run(&job);
}

int hcs_run(const struct command_line *line)
{
	struct hcs_error error;
	struct hcs_api *api;
	int status = check_line(line);

	if (status >= 0)
		return status;
	if (hcs_service_open(&api, &error) < 0)
		return hcs_failed(line, &error);
	status = hcs_run_on(line, api);
	hcs_service_close(api);
	return status;
}
