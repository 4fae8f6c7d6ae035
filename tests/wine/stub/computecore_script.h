/* What the stub is told to do: the environment's HCS_STUB, a line per call or event.
 *
 *	CALL [begin=N] [result=N] [delay=MS] [document=THE REST OF THE LINE]
 *	event on=CALL [type=N] [count=N] [threads=N] [delay=MS] [late=1] [data=THE REST OF THE LINE]
 *
 * CALL is open, create, callback, start, shutdown, terminate, properties, modify, enumerate or
 *close. begin is what the call returns, result and document what waiting for it does, delay how
 *long the operation takes. An event comes when the call is made, from so many threads, count times
 *from each; late: also after the system was closed, which no service does. HCS_STUB that begins
 *with @ is the name of a file that holds it. */
#pragma once

#include <stdbool.h>
#include <windows.h>

struct stub_call {
	HRESULT begin, result;
	DWORD delay;
	wchar_t *document; /* from malloc; NULL: none */
};

struct stub_event {
	DWORD type, count, threads, delay;
	bool late;
	wchar_t *data; /* from malloc; NULL: none */
};

/* What is said of the call; all zeros if nothing is. */
struct stub_call script_call(const char *call);

/* The index-th event on that call; false when there are no more. */
bool script_event(const char *call, unsigned index, struct stub_event *ret);
