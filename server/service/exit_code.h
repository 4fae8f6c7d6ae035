/* Why a service of Windows ended: its service-specific exit code, beside the Win32 exit code 1066
 * (ERROR_SERVICE_SPECIFIC_ERROR). The numbers are read by scripts and monitors: they stay. */
#pragma once

enum service_exit {
	SERVICE_EXIT_FINE = 0,        /* stopped as asked: Win32 exit code 0 */
	SERVICE_EXIT_ARGUMENTS = 1,   /* a command line that is none */
	SERVICE_EXIT_DATA_DIR = 2,    /* it can't be made, or its key can't be read */
	SERVICE_EXIT_LOG = 3,         /* the log file can't be opened */
	SERVICE_EXIT_PIPE = 4,        /* the pipe can't be made, or is another process's */
	SERVICE_EXIT_THREADS = 5,     /* no memory, no thread or no event loop */
	SERVICE_EXIT_LOOP_FAILED = 6, /* it was served, and ended without being asked to */
	SERVICE_EXIT_TWICE = 7,       /* another daemon has the data dir */
};

/* For people; static. An unknown number has a text too. */
const char *service_exit_text(enum service_exit code);
