#include "client/ctl/help.h"

#include <string.h>

#include "client/ctl/flags.h"

bool help_asked(const char *word)
{
	return word && (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0);
}

void help_all(FILE *out, const struct ctl_command *commands)
{
	fputs("usage: overlayctl [--socket PATH] [--data-dir DIR] [--json] [--timeout SECONDS]\n"
	      "                  [--codec json|protobuf] COMMAND [FLAGS]\n"
	      "\n"
	      "  --socket PATH      the daemon's socket (default: the data dir's)\n"
	      "  --data-dir DIR     the daemon's data dir (default: as overlayd's)\n"
	      "  --json             print the answer as JSON, an err too\n"
	      "  --timeout SECONDS  how long to wait for it (default 30)\n"
	      "  --codec CODEC      how to speak to the daemon: json or protobuf (default json)\n"
	      "\n"
	      "Commands; 'overlayctl help COMMAND' tells their flags:\n"
	      "\n",
	      out);
	for (; commands->name; commands++)
		fprintf(out, "  %-24s  %s\n", commands->name, commands->summary);
	fputs("  call OPERATION            Asks for an operation that this program need not know.\n"
	      "  events                    Prints what the daemon tells unasked, until it ends.\n"
	      "  hcs COMMAND               Lists, watches and changes compute systems of Windows.\n"
	      "  raw [JSON]                Sends a frame, or a request, as it is typed.\n"
	      "  help [COMMAND]            Prints this.\n"
	      "  --help, -h                Prints this; behind a command, its flags.\n"
	      "  --version                 Prints the version.\n"
	      "\n"
	      "Exit status: 0 done, 1 the daemon answered err, 2 wrong command line, 3 no "
	      "connection,\n"
	      "4 no answer in time, 5 an answer that is none, 6 the answer could not be "
	      "printed.\n",
	      out);
}

void help_raw(FILE *out)
{
	fputs("usage: overlayctl raw [JSON]\n"
	      "\n"
	      "Sends a body as it is typed, or read from standard input, and prints that of the "
	      "answer.\n"
	      "An object with a key \"op\", as {\"op\":\"status\"}, gets a frame around it. One at "
	      "a time.\n",
	      out);
}

void help_events(FILE *out)
{
	fputs("usage: overlayctl events\n"
	      "\n"
	      "Prints what the daemon tells unasked, a line for each, until it ends or is "
	      "interrupted:\n"
	      "what changes from now on. 'overlayctl status' tells how it is now.\n",
	      out);
}

void help_call(FILE *out)
{
	fputs("usage: overlayctl call OPERATION [KEY=VALUE...]\n"
	      "\n"
	      "Asks the daemon for an operation that this program need not know: the daemon's own "
	      "schema\n"
	      "says what its keys are. 'overlayctl describe OPERATION' tells them. A list's key is "
	      "given\n"
	      "once per item; if the items are objects, it may be a list in JSON, @FILE or @-.\n"
	      "Requests that are written in JSON are for 'overlayctl raw'.\n",
	      out);
}

void help_describe(FILE *out)
{
	fputs("usage: overlayctl describe [OPERATION]\n"
	      "\n"
	      "Prints what the daemon says of an operation, or of all of them; it may be newer "
	      "than "
	      "this\n"
	      "program. With --json before it the whole schema, as docs/describe.md tells.\n",
	      out);
}

static const char *times(const struct ctl_flag *flag)
{
	if (!flag->repeated)
		return "";
	return flag->kind == CTL_JSON ? " (once per item, or a list of them: in JSON, @FILE or @-)"
				      : " (once per item)";
}

static void put_flag(struct buf *out, const struct ctl_flag *flag)
{
	buf_printf(out, "  --%s %s%s%s\n      %s\n", flag->name, flag->placeholder,
		   flag->required && flag->kind != CTL_BOOL ? "" : " (optional)", times(flag),
		   flag->help);
}

void help_put(struct buf *out, const struct ctl_command *command)
{
	buf_printf(out, "usage: overlayctl %s", command->name);
	for (size_t i = 0; i < command->n_flags; i++)
		if (flags_must_be_given(&command->flags[i]))
			buf_printf(out, " --%s %s", command->flags[i].name,
				   command->flags[i].placeholder);
	buf_printf(out, "%s\n\n%s\nAnswers: %s, err. Since %s.\n",
		   command->n_flags ? " [FLAGS]" : "", command->summary, command->answers,
		   command->since);
	if (command->n_flags > 0)
		buf_text(out, "\n");
	for (size_t i = 0; i < command->n_flags; i++)
		put_flag(out, &command->flags[i]);
}

void help_command(FILE *out, const struct ctl_command *command)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };

	help_put(&text, command);
	fwrite(buf_view(&text).p, 1, text.n, out);
}

void help_own_command(FILE *out, const struct ctl_command *command)
{
	help_command(out, command);
	fprintf(out, "\nThe answer as JSON: overlayctl --json %s%s\n", command->name,
		command->n_flags ? " ..." : "");
}
