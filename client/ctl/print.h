/* Answers for people. */
#pragma once

#include <stdio.h>

#include "schema/overlayd.h"

/* ok alone; else one line per key, and a table for each list of objects. now, seconds since 1970,
 * is what ages are counted from. */
void print_response(FILE *out, const struct ovd_response *response, long long now);
