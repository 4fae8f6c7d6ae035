/* mingw's, and what glibc adds. */
#pragma once

#include_next <search.h>

/* As twalk, with an argument for the function. */
void twalk_r(const void *root, void (*action)(const void *node, VISIT which, void *closure),
	     void *closure);
