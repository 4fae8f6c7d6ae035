#include "server/hcs/operation.h"

#include <stdio.h>

#include "server/hcs/system.h"
#include "tests/check.h"
#include "tests/server/hcs/fake_hcs.h"

#define LONG_MS 20000u
#define FAILED  "{\"Error\":-2147467259,\"ErrorMessage\":\"the disk is gone\"}"

static struct hcs_error error;

static struct compute_system *open_it(struct fake_hcs *fake)
{
	struct compute_system *system;

	CHECK_INT(compute_system_open(&fake->api, "web-1", &system, &error), 0);
	return system;
}

static int run(struct fake_hcs *fake, enum fake_call call, struct compute_system *system,
	       uint32_t timeout_ms)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };

	switch (call) {
	case FAKE_START:
		return compute_system_start(system, timeout_ms, &error);
	case FAKE_SHUT_DOWN:
		return compute_system_shut_down(system, timeout_ms, &error);
	case FAKE_TERMINATE:
		return compute_system_terminate(system, timeout_ms, &error);
	case FAKE_PROPERTIES:
		return compute_system_properties(system, NULL, timeout_ms, &out, &error);
	case FAKE_MODIFY:
		return compute_system_modify(system, "{}", timeout_ms, &error);
	case FAKE_ENUMERATE:
		return compute_systems_enumerate(&fake->api, NULL, timeout_ms, &out, &error);
	case FAKE_CREATE:
	case FAKE_OPEN:
	case FAKE_SET_CALLBACK:
		break;
	}
	return -ENOTSUP;
}

static const struct {
	enum fake_call call;
	const char *text;
} operations[] = {
	{ FAKE_START, "start web-1" },         { FAKE_SHUT_DOWN, "shut down web-1" },
	{ FAKE_TERMINATE, "terminate web-1" }, { FAKE_PROPERTIES, "properties of web-1" },
	{ FAKE_MODIFY, "modify web-1" },       { FAKE_ENUMERATE, "enumerate compute systems" },
};

/* Each operation with one script; fails with that, and leaves nothing behind. */
static void check_each_fails(const struct fake_script *script, uint32_t timeout_ms, int want,
			     const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		struct compute_system *system;
		char whole[HCS_ERROR_TEXT_MAX];
		struct fake_hcs fake;

		CASE("%s", operations[i].text);
		fake_init(&fake);
		fake.scripts[operations[i].call] = *script;
		system = open_it(&fake);
		CHECK_INT(run(&fake, operations[i].call, system, timeout_ms), want);
		snprintf(whole, sizeof(whole), "%s: %s", operations[i].text, text);
		CHECK_STR(error.text, whole);
		compute_system_close(system);
		fake_check_done(&fake);
	}
}

TEST(operation_refused)
{
	const struct fake_script script = { .begin = (int32_t)0x8037010E };

	check_each_fails(&script, LONG_MS, -ENOENT,
			 "HCS_E_SYSTEM_NOT_FOUND (0x8037010E): there is no such compute system");
	CHECK_INT(error.class, HCS_CLASS_NOT_FOUND);
	CHECK_U64((uint32_t)error.result, 0x8037010E);
}

TEST(operation_fails_with_a_document)
{
	const struct fake_script script = { .result = (int32_t)0xC0370105, .document = FAILED };

	check_each_fails(&script, LONG_MS, -EBUSY,
			 "HCS_E_INVALID_STATE (0xC0370105): the compute system is in a state that "
			 "does not allow this: the disk is gone");
}

TEST(operation_denied)
{
	const struct fake_script script = { .result = (int32_t)0x80070005 };

	check_each_fails(&script, LONG_MS, -EACCES,
			 "E_ACCESSDENIED (0x80070005): access denied (needs an Administrator or a "
			 "member of Hyper-V Administrators)");
}

/* Ends in time, late enough to be waited for. */
TEST(operation_is_waited_for)
{
	const struct fake_script script = { .begin = HRESULT_OPERATION_PENDING,
					    .delay_ms = 5,
					    .document = "{}" };

	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		struct compute_system *system;
		struct fake_hcs fake;

		CASE("%s", operations[i].text);
		fake_init(&fake);
		fake.scripts[operations[i].call] = script;
		system = open_it(&fake);
		CHECK_INT(run(&fake, operations[i].call, system, LONG_MS), 0);
		CHECK_INT(fake.cancels, 0);
		compute_system_close(system);
		fake_check_done(&fake);
	}
}

/* Late: the operation ends after everybody has gone. */
TEST(operation_too_late)
{
	const struct fake_script script = { .delay_ms = 60, .document = "{}" };

	check_each_fails(&script, 1, -ETIMEDOUT,
			 "HCS_E_OPERATION_TIMEOUT (0x80370118): the operation did not end in time");
}

TEST(operation_too_late_is_cancelled)
{
	struct compute_system *system;
	struct fake_hcs fake;

	fake_init(&fake);
	fake.scripts[FAKE_START].delay_ms = 20;
	system = open_it(&fake);
	CHECK_INT(compute_system_start(system, 1, &error), -ETIMEDOUT);
	CHECK_INT(fake.cancels, 1);
	fake.api.cancel_operation = NULL;
	CHECK_INT(compute_system_start(system, 1, &error), -ETIMEDOUT);
	compute_system_close(system);
	fake_check_done(&fake);
}

static struct hcs_operation *no_operation(const struct hcs_api *api)
{
	(void)api;
	return NULL;
}

TEST(operation_without_memory)
{
	struct compute_system *system;
	struct fake_hcs fake;

	fake_init(&fake);
	system = open_it(&fake);
	fake.api.create_operation = no_operation;
	CHECK_INT(compute_system_start(system, LONG_MS, &error), -EIO);
	CHECK_STR(error.text, "start web-1: E_OUTOFMEMORY (0x8007000E): no memory");
	CHECK_INT(fake.calls[FAKE_START], 0);
	compute_system_close(system);
	fake_check_done(&fake);
}

TEST(operation_error_of_any_length)
{
	static char document[8192];
	struct compute_system *system;
	struct fake_hcs fake;

	fake_init(&fake);
	memset(document, 'x', sizeof(document) - 1);
	memcpy(document, "{\"ErrorMessage\":\"", 17);
	memcpy(document + sizeof(document) - 3, "\"}", 2);
	fake.scripts[FAKE_START] =
		(struct fake_script){ .result = (int32_t)0x8037011B, .document = document };
	system = open_it(&fake);
	CHECK_INT(compute_system_start(system, LONG_MS, &error), -EACCES);
	CHECK(strlen(error.text) < HCS_ERROR_TEXT_MAX - 1);
	CHECK(strstr(error.text, "xxx (needs an Administrator"));
	compute_system_close(system);
	fake_check_done(&fake);
}
