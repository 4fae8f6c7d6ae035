/* The Host Compute Service of Windows as a table of functions: computecore.dll's, or a test's.
 *
 * Each is the function of the SDK that has its name (computecore.h), with portable types: results
 * are HRESULTs, texts are UTF-8. */
#pragma once

#include <stdint.h>

/* Handles; only the table looks into them. */
struct hcs_operation;
struct hcs_system;

/* computedefs.h: HCS_EVENT_TYPE. */
enum {
	HCS_TYPE_SYSTEM_EXITED = 0x00000001,
	HCS_TYPE_CRASH_INITIATED = 0x00000002,
	HCS_TYPE_CRASH_REPORT = 0x00000003,
	HCS_TYPE_GUEST_CONNECTION_CLOSED = 0x00000006,
	HCS_TYPE_SERVICE_DISCONNECT = 0x02000000,
};

/* winnt.h: GENERIC_ALL, the only access that HcsOpenComputeSystem grants. */
#define HCS_ACCESS_ALL 0x10000000u

/* How long an operation may take where nothing better is known. */
#define HCS_TIMEOUT_DEFAULT_MS 240000u

/* Of a failed operation there may be a document too. NULL as options or query is the SDK's "none";
 * "" is not. */
struct hcs_api {
	/* NULL if there is no memory. */
	struct hcs_operation *(*create_operation)(const struct hcs_api *api);

	/* Also while the operation is under way: it goes on, and nobody hears of it. */
	void (*close_operation)(const struct hcs_api *api, struct hcs_operation *operation);

	/* NULL where the system has none. */
	int32_t (*cancel_operation)(const struct hcs_api *api, struct hcs_operation *operation);

	/* Waits until what was begun has ended, timeout_ms at most. *document is set always, to
	 * NULL if there is none; the caller gives it back by free_document. */
	int32_t (*wait_for_result)(const struct hcs_api *api, struct hcs_operation *operation,
				   uint32_t timeout_ms, char **document);
	void (*free_document)(const struct hcs_api *api, char *document);

	/* *ret may be set although the operation fails later: it is to be closed all the same. */
	int32_t (*create_system)(const struct hcs_api *api, const char *id,
				 const char *configuration, struct hcs_operation *operation,
				 struct hcs_system **ret);
	int32_t (*open_system)(const struct hcs_api *api, const char *id, uint32_t access,
			       struct hcs_system **ret);

	/* Waits until no event of the system is being delivered; none is afterwards. Never from
	 * within one: it would wait for itself. */
	void (*close_system)(const struct hcs_api *api, struct hcs_system *system);

	int32_t (*start)(const struct hcs_api *api, struct hcs_system *system,
			 struct hcs_operation *operation, const char *options);
	int32_t (*shut_down)(const struct hcs_api *api, struct hcs_system *system,
			     struct hcs_operation *operation, const char *options);
	int32_t (*terminate)(const struct hcs_api *api, struct hcs_system *system,
			     struct hcs_operation *operation, const char *options);
	int32_t (*get_properties)(const struct hcs_api *api, struct hcs_system *system,
				  struct hcs_operation *operation, const char *query);
	int32_t (*modify)(const struct hcs_api *api, struct hcs_system *system,
			  struct hcs_operation *operation, const char *configuration);
	int32_t (*enumerate)(const struct hcs_api *api, const char *query,
			     struct hcs_operation *operation);

	/* Has each event of the system given to event_stream_arrived() with this id, on threads of
	 * the service's. Once per handle. */
	int32_t (*set_callback)(const struct hcs_api *api, struct hcs_system *system, uintptr_t id);
};
