/* What mingw lacks altogether. */
#pragma once

/* * and ? alone, and no flags. */
int fnmatch(const char *pattern, const char *text, int flags);
