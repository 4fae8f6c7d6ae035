#include "gen/emit.h"

const struct output outputs[] = {
	{ "%.h", emit_types },
	{ "%_tables.c", emit_tables },
	{ "%_ops.h", emit_ops_header },
	{ "%_ops.c", emit_ops },
	{ "%_ctl.h", emit_ctl_header },
	{ "%_ctl.c", emit_ctl },
	{ "%_describe.h", emit_describe_header },
	{ "%_describe.c", emit_describe },
	{ "completion/overlayctl.bash", emit_completion_bash },
	{ "completion/_overlayctl", emit_completion_zsh },
	{ "completion/overlayctl.fish", emit_completion_fish },
	{ "man/%-protocol.7", emit_man_protocol },
	{ "man/overlayctl-commands.roff", emit_man_commands },
	{ "docs/reference.md", emit_reference },
	{ "docs/reference.html", emit_html },
	{ "client/python/src/overlayd/_protocol.py", emit_python },
	{ "client/go/protocol.go", emit_go },
	{ "client/rust/src/protocol.rs", emit_rust },
	{ NULL, NULL },
};
