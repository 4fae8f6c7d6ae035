/* Answers for people. */
#pragma once

#include <stdio.h>

#include "schema/overlayd.h"

/* ok alone; else one line per key, and a table for each list of objects. What is empty shows as a
 * dash. now, seconds since 1970, is what ages are counted from. */
void print_response(FILE *out, const struct ovd_response *response, long long now);

/* The same of any document that is no union. */
void print_document(FILE *out, const struct ovd_table *table, const void *document);

/* The event's name and its keys, in one line. */
void print_event(FILE *out, const struct ovd_event *event);

/* A daemon's text or JSON and a line end, made safe as client/ctl/safe.h says. */
void print_text(FILE *out, struct ovd_view text);
void print_json(FILE *out, struct ovd_view json);
