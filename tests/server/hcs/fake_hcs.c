#include "tests/server/hcs/fake_hcs.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "server/hcs/event_stream.h"
#include "server/hcs/hresult.h"
#include "tests/check.h"

/* A document is not where its memory begins: who gives it to another allocator is found out. */
#define DOCUMENT_OFFSET 16
#define DONE_SECONDS    20

struct hcs_operation {
	struct fake_hcs *fake;
	unsigned holds; /* the caller's and its thread's */
	bool ended;
	int32_t result;
	const char *document;
	unsigned delay_ms;
};

struct hcs_system {
	unsigned holds; /* its handle, and each event under way */
	bool closed;
	uintptr_t id;
	unsigned delivering;
};

static _Thread_local struct hcs_system *delivering_of;

static struct fake_hcs *fake_of(const struct hcs_api *api)
{
	return CONTAINER_OF(api, struct fake_hcs, api);
}

static void lock(struct fake_hcs *fake)
{
	pthread_mutex_lock(&fake->lock);
}

static void unlock(struct fake_hcs *fake)
{
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

static void sleep_ms(unsigned ms)
{
	const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

static struct timespec deadline_in(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

static void start_thread(struct fake_hcs *fake, void *(*run)(void *arg), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	fake->threads++;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	CHECK_INT(pthread_create(&thread, &attr, run, arg), 0);
	pthread_attr_destroy(&attr);
}

/* ---- operations ---- */

static struct hcs_operation *create_operation(const struct hcs_api *api)
{
	struct fake_hcs *fake = fake_of(api);
	struct hcs_operation *operation = calloc(1, sizeof(*operation));

	operation->fake = fake;
	operation->holds = 1;
	lock(fake);
	fake->operations++;
	unlock(fake);
	return operation;
}

static void drop_operation(struct hcs_operation *operation)
{
	if (--operation->holds == 0)
		free(operation);
}

static void close_operation(const struct hcs_api *api, struct hcs_operation *operation)
{
	struct fake_hcs *fake = fake_of(api);

	lock(fake);
	fake->operations--;
	drop_operation(operation);
	unlock(fake);
}

static int32_t cancel_operation(const struct hcs_api *api, struct hcs_operation *operation)
{
	struct fake_hcs *fake = fake_of(api);

	(void)operation;
	lock(fake);
	fake->cancels++;
	unlock(fake);
	return (int32_t)0x80004001; /* E_NOTIMPL, as the SDK's page says */
}

static void *end_later(void *arg)
{
	struct hcs_operation *operation = arg;
	struct fake_hcs *fake = operation->fake;

	sleep_ms(operation->delay_ms);
	lock(fake);
	operation->ended = true;
	drop_operation(operation);
	fake->threads--;
	unlock(fake);
	return NULL;
}

static char *give_document(struct fake_hcs *fake, const char *text)
{
	char *memory;

	if (!text)
		return NULL;
	memory = malloc(DOCUMENT_OFFSET + strlen(text) + 1);
	memcpy(memory + DOCUMENT_OFFSET, text, strlen(text) + 1);
	fake->documents++;
	return memory + DOCUMENT_OFFSET;
}

static int32_t wait_for_result(const struct hcs_api *api, struct hcs_operation *operation,
			       uint32_t timeout_ms, char **document)
{
	struct timespec deadline = deadline_in(timeout_ms);
	struct fake_hcs *fake = fake_of(api);
	int32_t result = HRESULT_OPERATION_TIMEOUT;
	int r = 0;

	*document = NULL;
	lock(fake);
	while (!operation->ended && r == 0)
		r = pthread_cond_timedwait(&fake->changed, &fake->lock, &deadline);
	if (operation->ended) {
		result = operation->result;
		*document = give_document(fake, operation->document);
	}
	unlock(fake);
	return result;
}

static void free_document(const struct hcs_api *api, char *document)
{
	struct fake_hcs *fake = fake_of(api);

	lock(fake);
	fake->documents--;
	unlock(fake);
	free(document - DOCUMENT_OFFSET);
}

/* ---- calls ---- */

static void note(struct fake_hcs *fake, enum fake_call call, const char *text)
{
	size_t n = strlen(fake->order);

	fake->calls[call]++;
	if (n + 1 < sizeof(fake->order))
		fake->order[n] = "cosSTpmew"[call];
	fake->had_no_text[call] = !text;
	snprintf(fake->texts[call], sizeof(fake->texts[call]), "%s", text ? text : "");
}

/* What every call does first: its script's begin. */
static int32_t begin(const struct hcs_api *api, enum fake_call call, const char *text)
{
	struct fake_hcs *fake = fake_of(api);

	lock(fake);
	note(fake, call, text);
	unlock(fake);
	if (fake->scripts[call].during)
		fake->scripts[call].during(fake);
	return fake->scripts[call].begin;
}

static int32_t begin_operation(const struct hcs_api *api, enum fake_call call, const char *text,
			       struct hcs_operation *operation)
{
	struct fake_hcs *fake = fake_of(api);
	const struct fake_script *script = &fake->scripts[call];
	int32_t result = begin(api, call, text);

	if (result < 0 && result != HRESULT_OPERATION_PENDING)
		return result;
	lock(fake);
	operation->result = script->result;
	operation->document = script->document;
	operation->delay_ms = script->delay_ms;
	operation->ended = script->delay_ms == 0;
	if (!operation->ended) {
		operation->holds++;
		start_thread(fake, end_later, operation);
	}
	unlock(fake);
	return result;
}

static struct hcs_system *give_system(struct fake_hcs *fake)
{
	struct hcs_system *system = calloc(1, sizeof(*system));

	system->holds = 1;
	lock(fake);
	fake->systems++;
	fake->newest = system;
	fake->newest_id = 0;
	unlock(fake);
	return system;
}

static int32_t create_system(const struct hcs_api *api, const char *id, const char *configuration,
			     struct hcs_operation *operation, struct hcs_system **ret)
{
	struct fake_hcs *fake = fake_of(api);
	int32_t result = begin_operation(api, FAKE_CREATE, configuration, operation);

	(void)id;
	if ((result >= 0 || result == HRESULT_OPERATION_PENDING) && !fake->create_gives_no_handle)
		*ret = give_system(fake);
	return result;
}

static int32_t open_system(const struct hcs_api *api, const char *id, uint32_t access,
			   struct hcs_system **ret)
{
	struct fake_hcs *fake = fake_of(api);
	int32_t result = begin(api, FAKE_OPEN, id);

	fake->access = access;
	if (result >= 0)
		*ret = give_system(fake);
	return result;
}

static void drop_system(struct hcs_system *system)
{
	if (--system->holds == 0)
		free(system);
}

static void close_system(const struct hcs_api *api, struct hcs_system *system)
{
	struct fake_hcs *fake = fake_of(api);

	lock(fake);
	if (delivering_of == system)
		fake->closed_within_callback = true;
	system->closed = true;
	while (system->delivering > 0 && delivering_of != system)
		pthread_cond_wait(&fake->changed, &fake->lock);
	if (fake->newest == system)
		fake->newest = NULL;
	fake->systems--;
	drop_system(system);
	unlock(fake);
}

static int32_t start(const struct hcs_api *api, struct hcs_system *system,
		     struct hcs_operation *operation, const char *options)
{
	(void)system;
	return begin_operation(api, FAKE_START, options, operation);
}

static int32_t shut_down(const struct hcs_api *api, struct hcs_system *system,
			 struct hcs_operation *operation, const char *options)
{
	(void)system;
	return begin_operation(api, FAKE_SHUT_DOWN, options, operation);
}

static int32_t terminate_it(const struct hcs_api *api, struct hcs_system *system,
			    struct hcs_operation *operation, const char *options)
{
	(void)system;
	return begin_operation(api, FAKE_TERMINATE, options, operation);
}

static int32_t get_properties(const struct hcs_api *api, struct hcs_system *system,
			      struct hcs_operation *operation, const char *query)
{
	(void)system;
	return begin_operation(api, FAKE_PROPERTIES, query, operation);
}

static int32_t modify(const struct hcs_api *api, struct hcs_system *system,
		      struct hcs_operation *operation, const char *configuration)
{
	(void)system;
	return begin_operation(api, FAKE_MODIFY, configuration, operation);
}

static int32_t enumerate(const struct hcs_api *api, const char *query,
			 struct hcs_operation *operation)
{
	return begin_operation(api, FAKE_ENUMERATE, query, operation);
}

static int32_t set_callback(const struct hcs_api *api, struct hcs_system *system, uintptr_t id)
{
	struct fake_hcs *fake = fake_of(api);
	int32_t result = begin(api, FAKE_SET_CALLBACK, NULL);

	if (result < 0)
		return result;
	lock(fake);
	if (system->id)
		result = HRESULT_CALLBACK_ALREADY_SET;
	else
		fake->newest_id = system->id = id;
	unlock(fake);
	return result;
}

/* ---- events ---- */

bool fake_emit(struct fake_hcs *fake, uint32_t type, const char *data)
{
	struct hcs_system *system, *kept = delivering_of;

	lock(fake);
	system = fake->newest;
	if (!system || system->closed || !system->id) {
		unlock(fake);
		return false;
	}
	system->holds++;
	system->delivering++;
	unlock(fake);
	delivering_of = system;
	event_stream_arrived(system->id, type, view(data));
	delivering_of = kept;
	lock(fake);
	system->delivering--;
	drop_system(system);
	unlock(fake);
	return true;
}

struct later {
	struct fake_hcs *fake;
	uint32_t type;
	const char *data;
	unsigned delay_ms;
};

static void *emit_later(void *arg)
{
	struct later *later = arg;
	struct fake_hcs *fake = later->fake;

	sleep_ms(later->delay_ms);
	fake_emit(fake, later->type, later->data);
	free(later);
	lock(fake);
	fake->threads--;
	unlock(fake);
	return NULL;
}

void fake_emit_later(struct fake_hcs *fake, uint32_t type, const char *data, unsigned delay_ms)
{
	struct later *later = malloc(sizeof(*later));

	*later = (struct later){ fake, type, data, delay_ms };
	lock(fake);
	start_thread(fake, emit_later, later);
	unlock(fake);
}

/* ---- the whole ---- */

void fake_init(struct fake_hcs *fake)
{
	*fake = (struct fake_hcs){
		.api = { .create_operation = create_operation,
			 .close_operation = close_operation,
			 .cancel_operation = cancel_operation,
			 .wait_for_result = wait_for_result,
			 .free_document = free_document,
			 .create_system = create_system,
			 .open_system = open_system,
			 .close_system = close_system,
			 .start = start,
			 .shut_down = shut_down,
			 .terminate = terminate_it,
			 .get_properties = get_properties,
			 .modify = modify,
			 .enumerate = enumerate,
			 .set_callback = set_callback },
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
}

void fake_check_done(struct fake_hcs *fake)
{
	struct timespec deadline = deadline_in(DONE_SECONDS * 1000);
	int r = 0;

	lock(fake);
	while (r == 0 && (fake->threads > 0 || fake->systems > 0))
		r = pthread_cond_timedwait(&fake->changed, &fake->lock, &deadline);
	CHECK_INT(fake->systems, 0);
	CHECK_INT(fake->threads, 0);
	CHECK_INT(fake->operations, 0);
	CHECK_INT(fake->documents, 0);
	CHECK(!fake->closed_within_callback);
	unlock(fake);
}
