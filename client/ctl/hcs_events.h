/* Events of compute systems, printed as they come. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "schema/hcs.h"
#include "server/hcs/system.h"

/* A line: when, which system, what, and what there is to say of it; or the record as JSON. */
void hcs_print_event(FILE *out, const struct hcs_event *event, bool json);

/* Reads several streams on one thread. */
struct hcs_watch;

/* NULL if there is no memory. */
struct hcs_watch *hcs_watch_new(void);
void hcs_watch_free(struct hcs_watch *watch);

/* What the systems are to be opened with, to be read by hcs_watch_print. */
struct compute_system_reader hcs_watch_reader(struct hcs_watch *watch);

/* Prints to standard output until each stream has ended, or it can't be printed to. -ENOMEM. */
int hcs_watch_print(struct hcs_watch *watch, struct compute_system *const *systems, size_t n,
		    bool json);
