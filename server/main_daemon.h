/* The whole daemon, as daemon.c runs it and opening.c begins it. */
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "server/ending.h"
#include "server/ops/daemon.h"
#include "server/places.h"
#include "server/repair.h"
#include "server/socket.h"
#include "server/trim.h"
#include "server/watchdog.h"

/* shared is what the handlers see. All else is the loop's. */
struct main_daemon {
	struct daemon shared;
	uv_loop_t loop;
	uv_signal_t sigterm, sigint, sigusr2;
	uv_check_t settle; /* looks, while we stop, whether all parked calls are answered */
	struct net *net;
	struct log_forwarding *log_forwarding; /* NULL: nobody asked for it */
	struct worker *helper;                 /* for what takes long and needs no kernel */
	struct watch *worker_watch, *helper_watch, *host_watch;
	struct repair repair;
	struct watchdog watchdog;
	struct trim trim;
	bool stopping, tearing_down;
	enum ending ending, on_term; /* the one that was begun; what SIGTERM and SIGINT mean */
	bool incomplete;             /* something is left that was to go */
	struct call *stoppers;       /* calls of `shutdown` and `uninstall`, answered at the end */
	size_t n_stoppers;
	int lock;
	struct socket_group group;
	struct socket_file listener;
	struct store *store;
	struct places at;
};
