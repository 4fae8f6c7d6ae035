#include "gen/emit.h"

#include <string.h>

static const char *answers_text(struct model *m, const struct field *f)
{
	const char *text = "";

	for (size_t i = 0; i < f->answers.n; i++)
		text = model_text(m, "%s%s, ", text, f->answers.items[i]);
	return model_text(m, "Answer: %serr.", text);
}

static void prototype(struct model *m, struct text *t, const struct field *f)
{
	text_put(t, "\n");
	text_comment(t, "",
		     model_text(m, "%s %s Since %s. %s:%d", f->comment, answers_text(m, f),
				f->since ? f->since : "the first line", m->file, f->line));
	text_put(t, "int %s_op_%s(struct call *call", m->prefix, f->name);
	if (!message_is_unit(f->message))
		text_put(t, ", const struct %s *request", f->message->c_name);
	text_put(t, ");\n");
}

void emit_ops_header(struct model *m, struct text *t)
{
	const struct message *ops = model_operations(m);

	emit_banner(m, t);
	text_put(t, "#pragma once\n\n#include \"schema/%s.h\"\n\nstruct call;\n", m->base);
	if (!ops)
		return;
	text_put(t,
		 "\n/* Calls the handler of the request's operation, and returns what it returns; "
		 "-EINVAL for a kind that is none. */\n"
		 "int %s_dispatch(struct call *call, const struct %s *request);\n\n"
		 "/* The handlers, one per operation, written by hand: one that is missing does "
		 "not link. */\n",
		 m->prefix, ops->c_name);
	for (size_t i = 0; i < ops->fields.n; i++)
		prototype(m, t, &ops->fields.items[i]);
}

void emit_ops(struct model *m, struct text *t)
{
	const struct message *ops = model_operations(m);

	emit_banner(m, t);
	text_put(t, "#include \"schema/%s_ops.h\"\n\n#include <errno.h>\n", m->base);
	if (!ops)
		return;
	text_put(t,
		 "\nint %s_dispatch(struct call *call, const struct %s *request)\n{\n\tswitch "
		 "(request->kind) {\n",
		 m->prefix, ops->c_name);
	for (size_t i = 0; i < ops->fields.n; i++) {
		const struct field *f = &ops->fields.items[i];

		text_put(t, "\tcase %s:\n\t\treturn %s_op_%s(call", emit_variant_name(m, ops, f),
			 m->prefix, f->name);
		if (!message_is_unit(f->message))
			text_put(t, ", &request->%s", f->name);
		text_put(t, ");\n");
	}
	text_put(t, "\t}\n\treturn -EINVAL;\n}\n");
}
