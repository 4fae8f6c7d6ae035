/* Windows hands its programs UTF-16, and their streams text in which line ends are two bytes. main
 * gets UTF-8, and streams carry what is written to them. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>

#include "runtime/wide.h"

int main(int argc, char **argv);
int wmain(int argc, wchar_t **wide);

int wmain(int argc, wchar_t **wide)
{
	char **argv = calloc((size_t)argc + 1, sizeof(*argv));

	for (int i = 0; argv && i < argc; i++)
		argv[i] = wide_to_text(wide[i]);
	for (int i = 0; i < argc; i++)
		if (!argv || !argv[i])
			return EXIT_FAILURE;
	_setmode(_fileno(stdin), _O_BINARY);
	_setmode(_fileno(stdout), _O_BINARY);
	_setmode(_fileno(stderr), _O_BINARY);
	return main(argc, argv); /* the texts live as long as the process */
}
