/* computecore.dll for tests: it has the functions that overlayd uses, does what a script says
 * (computecore_script.h), and counts what it is owed. At the end of the process the counts go to
 * the file that HCS_STUB_REPORT names. */
#include "tests/wine/stub/computecore.h"

#include <computecore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "tests/wine/stub/computecore_script.h"

#define DOCUMENTS_MAX 64
#define TIMEOUT       ((HRESULT)0x80370118)
#define CALLBACK_SET  ((HRESULT)0x80370119)

struct operation {
	LONG holds; /* the caller's and its thread's */
	bool ended;
	struct stub_call call;
	wchar_t *answer; /* without a document in the script; NULL: none */
};

struct system {
	LONG holds; /* the handle's, and each thread's that has events for it */
	bool closed;
	LONG delivering;
	HCS_EVENT_CALLBACK callback;
	void *context;
	wchar_t *id;
};

struct burst {
	struct system *system;
	struct stub_event event;
};

static struct {
	SRWLOCK lock; /* around all here and what is marked in the structs above */
	CONDITION_VARIABLE changed;
	LONG operations, systems, documents, threads, violations;
	void *given[DOCUMENTS_MAX];
	HLOCAL(WINAPI *local_free)(HLOCAL memory);
} stub;

static _Thread_local struct system *delivering_of;

static void lock(void)
{
	AcquireSRWLockExclusive(&stub.lock);
}

static void unlock(void)
{
	WakeAllConditionVariable(&stub.changed);
	ReleaseSRWLockExclusive(&stub.lock);
}

static void violation(void)
{
	lock();
	stub.violations++;
	unlock();
}

static void start_thread(LPTHREAD_START_ROUTINE run, void *arg)
{
	CloseHandle(CreateThread(NULL, 0, run, arg, 0, NULL));
}

/* ---- documents, which are from LocalAlloc and for LocalFree ---- */

static HLOCAL WINAPI counting_local_free(HLOCAL memory)
{
	lock();
	for (int i = 0; memory && i < DOCUMENTS_MAX; i++)
		if (stub.given[i] == memory) {
			stub.given[i] = NULL;
			stub.documents--;
		}
	unlock();
	return stub.local_free(memory);
}

/* Has the program's own calls of LocalFree come to us: its table of imports is where they go. */
static void watch_local_free(void)
{
	char *base = (char *)GetModuleHandleW(NULL);
	IMAGE_NT_HEADERS *nt = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
	DWORD at = nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
	void *wanted = (void *)GetProcAddress(GetModuleHandleW(L"kernel32"), "LocalFree");
	DWORD old;

	stub.local_free = (HLOCAL(WINAPI *)(HLOCAL))wanted;
	for (IMAGE_IMPORT_DESCRIPTOR *d = (IMAGE_IMPORT_DESCRIPTOR *)(base + at); at && d->Name;
	     d++)
		for (void **entry = (void **)(base + d->FirstThunk); *entry; entry++)
			if (*entry == wanted &&
			    VirtualProtect(entry, sizeof(*entry), PAGE_READWRITE, &old)) {
				*entry = (void *)counting_local_free;
				VirtualProtect(entry, sizeof(*entry), old, &old);
			}
}

static PWSTR give_document(const wchar_t *text)
{
	size_t size = text ? (wcslen(text) + 1) * sizeof(*text) : 0;
	PWSTR document = text ? LocalAlloc(LMEM_FIXED, size) : NULL;

	if (!document)
		return NULL;
	memcpy(document, text, size);
	for (int i = 0; i < DOCUMENTS_MAX; i++)
		if (!stub.given[i]) {
			stub.given[i] = document;
			stub.documents++;
			break;
		}
	return document;
}

/* ---- operations ---- */

static void drop_operation(struct operation *o)
{
	if (--o->holds > 0)
		return;
	free(o->call.document);
	free(o->answer);
	free(o);
}

HCS_OPERATION WINAPI HcsCreateOperation(const void *context, HCS_OPERATION_COMPLETION callback)
{
	struct operation *o = calloc(1, sizeof(*o));

	if (context || callback)
		violation(); /* who is called back must live longer than anybody knows */
	o->holds = 1;
	lock();
	stub.operations++;
	unlock();
	return (HCS_OPERATION)o;
}

void WINAPI HcsCloseOperation(HCS_OPERATION operation)
{
	lock();
	stub.operations--;
	drop_operation((struct operation *)operation);
	unlock();
}

HRESULT WINAPI HcsCancelOperation(HCS_OPERATION operation)
{
	(void)operation;
	return E_NOTIMPL;
}

static DWORD WINAPI end_later(void *arg)
{
	struct operation *o = arg;

	Sleep(o->call.delay);
	lock();
	o->ended = true;
	drop_operation(o);
	stub.threads--;
	unlock();
	return 0;
}

HRESULT WINAPI HcsWaitForOperationResult(HCS_OPERATION operation, DWORD timeout, PWSTR *document)
{
	struct operation *o = (struct operation *)operation;
	ULONGLONG end = GetTickCount64() + timeout;
	HRESULT result = TIMEOUT;

	*document = NULL;
	lock();
	while (!o->ended && GetTickCount64() < end)
		SleepConditionVariableSRW(&stub.changed, &stub.lock,
					  (DWORD)(end - GetTickCount64()), 0);
	if (o->ended) {
		result = o->call.result;
		*document = give_document(o->call.document ? o->call.document : o->answer);
	}
	unlock();
	return result;
}

/* ---- events ---- */

static void drop_system(struct system *s)
{
	if (--s->holds > 0)
		return;
	free(s->id);
	free(s);
}

static void deliver(struct system *s, const struct stub_event *said)
{
	HCS_EVENT event = { (HCS_EVENT_TYPE)said->type, said->data, NULL };
	bool wanted;

	lock();
	wanted = s->callback && (!s->closed || said->late);
	s->delivering += wanted;
	unlock();
	if (!wanted)
		return;
	delivering_of = s;
	s->callback(&event, s->context);
	delivering_of = NULL;
	lock();
	s->delivering--;
	unlock();
}

static DWORD WINAPI send_burst(void *arg)
{
	struct burst *burst = arg;

	Sleep(burst->event.delay);
	for (DWORD i = 0; i < burst->event.count; i++)
		deliver(burst->system, &burst->event);
	lock();
	drop_system(burst->system);
	stub.threads--;
	unlock();
	free(burst->event.data);
	free(burst);
	return 0;
}

static void send_events(const char *call, struct system *s)
{
	struct stub_event event;

	for (unsigned i = 0; script_event(call, i, &event); i++) {
		for (DWORD t = 0; t < event.threads; t++) {
			struct burst *burst = malloc(sizeof(*burst));

			*burst = (struct burst){ s, event };
			burst->event.data = event.data ? wcsdup(event.data) : NULL;
			lock();
			s->holds++;
			stub.threads++;
			unlock();
			start_thread(send_burst, burst);
		}
		free(event.data);
	}
}

/* ---- calls ---- */

/* Options are the service's own: none, not "". */
static HRESULT begin(const char *call, struct system *s, HCS_OPERATION operation, PCWSTR text)
{
	struct operation *o = (struct operation *)operation;
	struct stub_call said = script_call(call);

	if (text && !*text)
		violation();
	lock();
	o->call = said;
	o->ended = said.begin < 0 || said.delay == 0;
	if (!o->ended) {
		o->holds++;
		stub.threads++;
	}
	unlock();
	if (!o->ended)
		start_thread(end_later, o);
	if (s && said.begin >= 0)
		send_events(call, s);
	return said.begin;
}

static HCS_SYSTEM give_system(PCWSTR id)
{
	struct system *s = calloc(1, sizeof(*s));

	s->holds = 1;
	s->id = wcsdup(id);
	lock();
	stub.systems++;
	unlock();
	return (HCS_SYSTEM)s;
}

HRESULT WINAPI HcsCreateComputeSystem(PCWSTR id, PCWSTR configuration, HCS_OPERATION operation,
				      const SECURITY_DESCRIPTOR *descriptor, HCS_SYSTEM *system)
{
	HRESULT result = begin("create", NULL, operation, configuration);

	(void)descriptor;
	if (result >= 0)
		*system = give_system(id);
	return result;
}

HRESULT WINAPI HcsOpenComputeSystem(PCWSTR id, DWORD access, HCS_SYSTEM *system)
{
	struct stub_call said = script_call("open");

	free(said.document);
	if (access != GENERIC_ALL)
		violation();
	if (said.begin >= 0)
		*system = give_system(id);
	return said.begin;
}

void WINAPI HcsCloseComputeSystem(HCS_SYSTEM system)
{
	struct system *s = (struct system *)system;

	if (delivering_of == s)
		violation();
	lock();
	s->closed = true;
	while (s->delivering > 0 && delivering_of != s)
		SleepConditionVariableSRW(&stub.changed, &stub.lock, INFINITE, 0);
	unlock();
	send_events("close", s);
	lock();
	stub.systems--;
	drop_system(s);
	unlock();
}

HRESULT WINAPI HcsSetComputeSystemCallback(HCS_SYSTEM system, HCS_EVENT_OPTIONS options,
					   const void *context, HCS_EVENT_CALLBACK callback)
{
	struct stub_call said = script_call("callback");
	struct system *s = (struct system *)system;

	free(said.document);
	if (said.begin < 0)
		return said.begin;
	if (s->callback || options != HcsEventOptionNone)
		return CALLBACK_SET;
	s->context = (void *)context;
	s->callback = callback;
	send_events("callback", s);
	return S_OK;
}

HRESULT WINAPI HcsStartComputeSystem(HCS_SYSTEM system, HCS_OPERATION operation, PCWSTR options)
{
	return begin("start", (struct system *)system, operation, options);
}

HRESULT WINAPI HcsShutDownComputeSystem(HCS_SYSTEM system, HCS_OPERATION operation, PCWSTR options)
{
	return begin("shutdown", (struct system *)system, operation, options);
}

HRESULT WINAPI HcsTerminateComputeSystem(HCS_SYSTEM system, HCS_OPERATION operation, PCWSTR options)
{
	return begin("terminate", (struct system *)system, operation, options);
}

HRESULT WINAPI HcsGetComputeSystemProperties(HCS_SYSTEM system, HCS_OPERATION operation,
					     PCWSTR query)
{
	struct operation *o = (struct operation *)operation;
	struct system *s = (struct system *)system;
	size_t size = wcslen(s->id) + 64;

	o->answer = calloc(size, sizeof(*o->answer));
	swprintf(o->answer, size, L"{\"Id\":\"%ls\",\"State\":\"Running\"}", s->id);
	return begin("properties", s, operation, query);
}

HRESULT WINAPI HcsModifyComputeSystem(HCS_SYSTEM system, HCS_OPERATION operation,
				      PCWSTR configuration, HANDLE identity)
{
	(void)identity;
	return begin("modify", (struct system *)system, operation, configuration);
}

HRESULT WINAPI HcsEnumerateComputeSystems(PCWSTR query, HCS_OPERATION operation)
{
	((struct operation *)operation)->answer = wcsdup(L"[]");
	return begin("enumerate", NULL, operation, query);
}

/* ---- what it is owed ---- */

stub_outstanding StubOutstanding;
stub_violations StubViolations;

LONG WINAPI StubOutstanding(void)
{
	LONG n;

	lock();
	n = stub.operations + stub.systems + stub.documents + stub.threads;
	unlock();
	return n;
}

LONG WINAPI StubViolations(void)
{
	LONG n;

	lock();
	n = stub.violations;
	unlock();
	return n;
}

/* The process ends, and its other threads are gone: nobody holds the lock for long any more. */
static void report(void)
{
	char path[MAX_PATH];
	DWORD n = GetEnvironmentVariableA("HCS_STUB_REPORT", path, sizeof(path));
	FILE *file = n > 0 && n < sizeof(path) ? fopen(path, "wb") : NULL;

	if (!file)
		return;
	fprintf(file, "operations %ld systems %ld documents %ld violations %ld\n", stub.operations,
		stub.systems, stub.documents, stub.violations);
	fclose(file);
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
	(void)instance;
	if (reason == DLL_PROCESS_ATTACH)
		watch_local_free();
	if (reason == DLL_PROCESS_DETACH && reserved)
		report();
	return TRUE;
}
