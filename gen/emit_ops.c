#include "gen/emit.h"

#include <string.h>

static const char *answers_text(struct model *m, const struct field *f)
{
	const char *text = "";

	for (size_t i = 0; i < f->answers.n; i++)
		text = model_text(m, "%s%s, ", text, f->answers.items[i]);
	return model_text(m, "Answer: %serr.", text);
}

static bool all_are_built(const struct message *ops)
{
	for (size_t i = 0; i < ops->fields.n; i++)
		if (ops->fields.items[i].not_built)
			return false;
	return true;
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
		 "/* Whether the schema says that an operation is built. */\n"
		 "bool %s_is_built(enum %s_kind operation);\n\n"
		 "/* The handlers, one per operation, written by hand: one that is missing does "
		 "not link. */\n",
		 m->prefix, ops->c_name, m->prefix, ops->c_name);
	for (size_t i = 0; i < ops->fields.n; i++)
		if (!ops->fields.items[i].not_built)
			prototype(m, t, &ops->fields.items[i]);
	if (!all_are_built(ops))
		text_put(t,
			 "\n/* The handler of all that are not built, by name. */\n"
			 "int %s_op_not_built(struct call *call, const char *operation);\n",
			 m->prefix);
}

static void is_built(struct model *m, struct text *t, const struct message *ops)
{
	text_put(t, "\nbool %s_is_built(enum %s_kind operation)\n{\n\tswitch (operation) {\n",
		 m->prefix, ops->c_name);
	for (size_t i = 0; i < ops->fields.n; i++)
		text_put(t, "\tcase %s:\n\t\treturn %s;\n",
			 emit_variant_name(m, ops, &ops->fields.items[i]),
			 ops->fields.items[i].not_built ? "false" : "true");
	text_put(t, "\t}\n\treturn false;\n}\n");
}

static void dispatch(struct model *m, struct text *t, const struct message *ops,
		     const struct field *f)
{
	text_put(t, "\tcase %s:\n\t\treturn ", emit_variant_name(m, ops, f));
	if (f->not_built)
		text_put(t, "%s_op_not_built(call, \"%s\");\n", m->prefix, f->key);
	else
		text_put(t, "%s_op_%s(call%s%s);\n", m->prefix, f->name,
			 message_is_unit(f->message) ? "" : ", &request->",
			 message_is_unit(f->message) ? "" : f->name);
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
	for (size_t i = 0; i < ops->fields.n; i++)
		dispatch(m, t, ops, &ops->fields.items[i]);
	text_put(t, "\t}\n\treturn -EINVAL;\n}\n");
	is_built(m, t, ops);
}
