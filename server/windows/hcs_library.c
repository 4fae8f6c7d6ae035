#include <windows.h>

#include <computecore.h>

#include <stdio.h>

#include "runtime/util.h"
#include "runtime/wide.h"
#include "server/hcs/event_stream.h"
#include "server/windows/hcs_library.h"

#define FUNCTION(name) __typeof__(Hcs##name) *name

struct library {
	struct hcs_api api;
	FUNCTION(CreateOperation);
	FUNCTION(CloseOperation);
	FUNCTION(CancelOperation);
	FUNCTION(WaitForOperationResult);
	FUNCTION(CreateComputeSystem);
	FUNCTION(OpenComputeSystem);
	FUNCTION(CloseComputeSystem);
	FUNCTION(StartComputeSystem);
	FUNCTION(ShutDownComputeSystem);
	FUNCTION(TerminateComputeSystem);
	FUNCTION(GetComputeSystemProperties);
	FUNCTION(ModifyComputeSystem);
	FUNCTION(EnumerateComputeSystems);
	FUNCTION(SetComputeSystemCallback);
};

#define SYMBOL(name)                                                                               \
	{                                                                                          \
		"Hcs" #name, offsetof(struct library, name), false                                 \
	}

static const struct {
	const char *name;
	size_t offset;
	bool optional;
} symbols[] = {
	SYMBOL(CreateOperation),
	SYMBOL(CloseOperation),
	{ "HcsCancelOperation", offsetof(struct library, CancelOperation), true },
	SYMBOL(WaitForOperationResult),
	SYMBOL(CreateComputeSystem),
	SYMBOL(OpenComputeSystem),
	SYMBOL(CloseComputeSystem),
	SYMBOL(StartComputeSystem),
	SYMBOL(ShutDownComputeSystem),
	SYMBOL(TerminateComputeSystem),
	SYMBOL(GetComputeSystemProperties),
	SYMBOL(ModifyComputeSystem),
	SYMBOL(EnumerateComputeSystems),
	SYMBOL(SetComputeSystemCallback),
};

static const struct library *library_of(const struct hcs_api *api)
{
	return (const struct library *)((const char *)api - offsetof(struct library, api));
}

/* ---- texts ---- */

/* A text of ours for a call of theirs. False if it can't be one: no UTF-8, or no memory. */
static bool widen(const char *text, wchar_t **ret)
{
	*ret = text ? wide_of(text) : NULL;
	return !text || *ret;
}

/* ---- operations ---- */

static struct hcs_operation *create_operation(const struct hcs_api *api)
{
	/* No completion function: who waits is all that knows of it. */
	return (struct hcs_operation *)library_of(api)->CreateOperation(NULL, NULL);
}

static void close_operation(const struct hcs_api *api, struct hcs_operation *operation)
{
	library_of(api)->CloseOperation((HCS_OPERATION)operation);
}

static int32_t cancel_operation(const struct hcs_api *api, struct hcs_operation *operation)
{
	return library_of(api)->CancelOperation((HCS_OPERATION)operation);
}

static int32_t wait_for_result(const struct hcs_api *api, struct hcs_operation *operation,
			       uint32_t timeout_ms, char **document)
{
	PWSTR wide = NULL;
	int32_t result = library_of(api)->WaitForOperationResult((HCS_OPERATION)operation,
								 timeout_ms, &wide);

	*document = wide ? wide_to_text(wide) : NULL;
	if (wide && !*document && result >= 0)
		result = HRESULT_OUT_OF_MEMORY;
	/* SDK: the result document is the caller's, to be freed by LocalFree. */
	LocalFree(wide);
	return result;
}

static void free_document(const struct hcs_api *api, char *document)
{
	(void)api;
	free(document);
}

/* ---- systems ---- */

static int32_t create_system(const struct hcs_api *api, const char *id, const char *configuration,
			     struct hcs_operation *operation, struct hcs_system **ret)
{
	_cleanup_(freep) wchar_t *wide_id = NULL, *wide = NULL;
	HCS_SYSTEM system = NULL;
	int32_t result;

	if (!widen(id, &wide_id) || !widen(configuration, &wide))
		return HRESULT_INVALID_ARGUMENT;
	result = library_of(api)->CreateComputeSystem(wide_id, wide, (HCS_OPERATION)operation, NULL,
						      &system);
	*ret = (struct hcs_system *)system;
	return result;
}

static int32_t open_system(const struct hcs_api *api, const char *id, uint32_t access,
			   struct hcs_system **ret)
{
	_cleanup_(freep) wchar_t *wide_id = NULL;
	HCS_SYSTEM system = NULL;
	int32_t result;

	if (!widen(id, &wide_id))
		return HRESULT_INVALID_ARGUMENT;
	result = library_of(api)->OpenComputeSystem(wide_id, access, &system);
	*ret = (struct hcs_system *)system;
	return result;
}

static void close_system(const struct hcs_api *api, struct hcs_system *system)
{
	library_of(api)->CloseComputeSystem((HCS_SYSTEM)system);
}

/* Four calls look alike. */
static int32_t with_text(FUNCTION(StartComputeSystem), struct hcs_system *system,
			 struct hcs_operation *operation, const char *text)
{
	_cleanup_(freep) wchar_t *wide = NULL;

	if (!widen(text, &wide))
		return HRESULT_INVALID_ARGUMENT;
	return StartComputeSystem((HCS_SYSTEM)system, (HCS_OPERATION)operation, wide);
}

static int32_t start(const struct hcs_api *api, struct hcs_system *system,
		     struct hcs_operation *operation, const char *options)
{
	return with_text(library_of(api)->StartComputeSystem, system, operation, options);
}

static int32_t shut_down(const struct hcs_api *api, struct hcs_system *system,
			 struct hcs_operation *operation, const char *options)
{
	return with_text(library_of(api)->ShutDownComputeSystem, system, operation, options);
}

static int32_t terminate_system(const struct hcs_api *api, struct hcs_system *system,
				struct hcs_operation *operation, const char *options)
{
	return with_text(library_of(api)->TerminateComputeSystem, system, operation, options);
}

static int32_t get_properties(const struct hcs_api *api, struct hcs_system *system,
			      struct hcs_operation *operation, const char *query)
{
	return with_text(library_of(api)->GetComputeSystemProperties, system, operation, query);
}

static int32_t modify(const struct hcs_api *api, struct hcs_system *system,
		      struct hcs_operation *operation, const char *configuration)
{
	_cleanup_(freep) wchar_t *wide = NULL;

	if (!widen(configuration, &wide))
		return HRESULT_INVALID_ARGUMENT;
	return library_of(api)->ModifyComputeSystem((HCS_SYSTEM)system, (HCS_OPERATION)operation,
						    wide, NULL);
}

static int32_t enumerate(const struct hcs_api *api, const char *query,
			 struct hcs_operation *operation)
{
	_cleanup_(freep) wchar_t *wide = NULL;

	if (!widen(query, &wide))
		return HRESULT_INVALID_ARGUMENT;
	return library_of(api)->EnumerateComputeSystems(wide, (HCS_OPERATION)operation);
}

/* ---- events ---- */

/* Enough to see that it is longer than what is kept. */
static struct ovd_view event_text(const wchar_t *data, char **ret)
{
	size_t units = data ? wcsnlen(data, EVENT_DATA_MAX + 1) : 0;
	int n;

	*ret = data ? malloc(units * 3 + 1) : NULL;
	if (!*ret)
		return view(NULL);
	n = units > 0 ? WideCharToMultiByte(CP_UTF8, 0, data, (int)units, *ret, (int)units * 3,
					    NULL, NULL)
		      : 0;
	return (struct ovd_view){ .p = *ret, .n = (size_t)MAX(n, 0) };
}

/* On a thread of the service's. The context is a stream's id. */
static void CALLBACK on_event(HCS_EVENT *event, void *context)
{
	_cleanup_(freep) char *text = NULL;
	struct ovd_view data;

	if (!event)
		return;
	data = event_text(event->EventData, &text);
	event_stream_arrived((uintptr_t)context, (uint32_t)event->Type, data);
}

static int32_t set_callback(const struct hcs_api *api, struct hcs_system *system, uintptr_t id)
{
	return library_of(api)->SetComputeSystemCallback((HCS_SYSTEM)system, HcsEventOptionNone,
							 (const void *)id, on_event);
}

/* ---- the library ---- */

static const struct hcs_api calls = {
	.create_operation = create_operation,
	.close_operation = close_operation,
	.wait_for_result = wait_for_result,
	.free_document = free_document,
	.create_system = create_system,
	.open_system = open_system,
	.close_system = close_system,
	.start = start,
	.shut_down = shut_down,
	.terminate = terminate_system,
	.get_properties = get_properties,
	.modify = modify,
	.enumerate = enumerate,
	.set_callback = set_callback,
};

static int unavailable(struct hcs_error *error, const wchar_t *file, const char *format, ...)
	_printf_(3, 4);

static int unavailable(struct hcs_error *error, const wchar_t *file, const char *format, ...)
{
	_cleanup_(freep) char *name = wide_to_text(file);
	char text[256], why[160];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	snprintf(text, sizeof(text), "%.64s %s", name ? name : "", why);
	return hcs_error_own(error, HCS_CLASS_UNAVAILABLE, "hcs", NULL, text);
}

/* The name of the first that is missing and needed; NULL. */
static const char *find_symbols(struct library *l, HMODULE module)
{
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		FARPROC at = GetProcAddress(module, symbols[i].name);

		if (!at && !symbols[i].optional)
			return symbols[i].name;
		memcpy((char *)l + symbols[i].offset, &at, sizeof(at));
	}
	return NULL;
}

int hcs_library_open_from(const wchar_t *file, struct hcs_api **ret, struct hcs_error *error)
{
	HMODULE module = LoadLibraryExW(file, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
	struct library *l;
	const char *missing;

	if (!module)
		return unavailable(error, file, "can't be loaded, error %lu", GetLastError());
	l = calloc(1, sizeof(*l));
	if (!l)
		return hcs_error_set(error, "hcs", NULL, HRESULT_OUT_OF_MEMORY, view(NULL));
	missing = find_symbols(l, module);
	if (missing) {
		free(l);
		FreeLibrary(module);
		return unavailable(error, file, "has no %s", missing);
	}
	l->api = calls;
	l->api.cancel_operation = l->CancelOperation ? cancel_operation : NULL;
	*ret = &l->api;
	return 0;
}

int hcs_library_open(struct hcs_api **ret, struct hcs_error *error)
{
	return hcs_library_open_from(L"computecore.dll", ret, error);
}

/* The library itself stays until the process ends: threads of its own may be on their way out of
 * it. */
void hcs_library_close(struct hcs_api *api)
{
	if (api)
		free((struct library *)library_of(api));
}
