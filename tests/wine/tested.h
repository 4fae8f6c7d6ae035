/* A test's hold on a service of the real manager. */
#pragma once

#include <stdbool.h>
#include <windows.h>

#define TESTED_NAME L"overlayd-test"
#define TESTED_MS   20000 /* patience */

struct tested {
	SC_HANDLE manager, service;
	HANDLE process; /* of the last start; NULL: it was over before it was looked at */
};

/* Before a test's handles are counted, by the process of one test: the first talk to the manager
 * leaves some open. Removes what a test that failed has left. */
void tested_warm(void);

/* The path of this program, or of another whose path begins at this one's folder. */
void tested_path(char path[MAX_PATH], const char *beside);

void tested_install(struct tested *t, const char *program, const char *const *arguments);

/* Stops and removes it, and wants it to be gone. */
void tested_uninstall(struct tested *t);

SERVICE_STATUS_PROCESS tested_status(struct tested *t);
void tested_start(struct tested *t);

/* 0 or the error. */
DWORD tested_control(struct tested *t, DWORD number);

/* Looks again and again until it is in this state, and at what it goes through. */
SERVICE_STATUS_PROCESS tested_watch(struct tested *t, DWORD state);

/* Wants this end, of the service and of its process. */
void tested_ended(struct tested *t, DWORD win32_exit, DWORD specific_exit);

/* Which does less than Windows. */
bool tested_is_wine(void);
