#include "client/ctl/help.h"

#include "tests/check.h"

static const struct ctl_flag flags[] = {
	{ .name = "name",
	  .kind = CTL_TEXT,
	  .required = true,
	  .placeholder = "TEXT",
	  .help = "Who." },
	{ .name = "wg-port", .kind = CTL_NUMBER, .placeholder = "N", .help = "Where." },
	{ .name = "force",
	  .kind = CTL_BOOL,
	  .required = true,
	  .placeholder = "true|false",
	  .help = "How." },
	{ .name = "live",
	  .kind = CTL_TEXT,
	  .required = true,
	  .repeated = true,
	  .placeholder = "NAME",
	  .help = "Which." },
	{ .name = "allow",
	  .kind = CTL_TEXT,
	  .repeated = true,
	  .placeholder = "CIDR",
	  .help = "What." },
};

static const struct ctl_command commands[] = {
	{ .name = "do-it",
	  .summary = "Does it.",
	  .since = "0.13",
	  .answers = "ok",
	  .flags = flags,
	  .n_flags = ARRAY_SIZE(flags) },
	{ .name = "status", .summary = "What runs.", .since = "0.12", .answers = "status" },
	{ .name = NULL },
};

TEST(help_of_a_command)
{
	_cleanup_(freep) char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	help_own_command(out, &commands[0]);
	fclose(out);
	CHECK_STR(text, "usage: overlayctl do-it --name TEXT [FLAGS]\n"
			"\n"
			"Does it.\n"
			"Answers: ok, err. Since 0.13.\n"
			"\n"
			"  --name TEXT\n"
			"      Who.\n"
			"  --wg-port N (optional)\n"
			"      Where.\n"
			"  --force true|false (optional)\n"
			"      How.\n"
			"  --live NAME (once per item)\n"
			"      Which.\n"
			"  --allow CIDR (optional) (once per item)\n"
			"      What.\n"
			"\n"
			"The answer as JSON: overlayctl --json do-it ...\n");
}

TEST(help_of_a_command_without_flags)
{
	_cleanup_(freep) char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	help_own_command(out, &commands[1]);
	fclose(out);
	CHECK_STR(text, "usage: overlayctl status\n"
			"\n"
			"What runs.\n"
			"Answers: status, err. Since 0.12.\n"
			"\n"
			"The answer as JSON: overlayctl --json status\n");
}

TEST(help_of_all)
{
	_cleanup_(freep) char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	help_all(out, commands);
	help_raw(out);
	help_events(out);
	fclose(out);
	CHECK(strstr(text, "\n  do-it                     Does it.\n"
			   "  status                    What runs.\n"
			   "  call OPERATION            Asks"));
	CHECK(strstr(text, "\nusage: overlayctl raw [JSON]\n"));
	CHECK(strstr(text, "\nusage: overlayctl events\n"));
	CHECK(strstr(text,
		     "Exit status: 0 done, 1 the daemon answered err, 2 wrong command line, 3 "
		     "no connection,\n4 no answer in time, 5 an answer that is none, 6 the "
		     "answer could not be printed.\n"));
}
