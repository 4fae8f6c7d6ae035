/* The reference as one page for browsers: no scripts, readable on a phone. */
#include <string.h>

#include "gen/emit.h"
#include "gen/words.h"

static const char style[] =
	":root{color-scheme:light dark}"
	"body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem}"
	"h1,h2,h3{line-height:1.2}h2{border-top:1px solid #8886;padding-top:1rem}"
	"h3{margin-top:2.5rem}code,pre{font-family:ui-monospace,monospace;font-size:.9em}"
	"pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.6rem;"
	"border-radius:.4rem}"
	"dt{margin-top:.8rem}dt code{font-weight:bold}dd{margin-left:1rem}"
	".type{opacity:.75;font-size:.9em}nav ul{columns:14rem;padding:0;list-style:none}"
	"summary{cursor:pointer}a{color:inherit}";

/* A text with what HTML would take for its own replaced; what stands in `backquotes` is code. */
static const char *html(struct model *m, const char *text)
{
	const char *out = "", *from = text;
	bool code = false;

	for (; *text; text++) {
		const char *word = *text == '<'   ? "&lt;"
				   : *text == '>' ? "&gt;"
				   : *text == '&' ? "&amp;"
				   : *text == '`' ? (code ? "</code>" : "<code>")
						  : NULL;

		if (!word)
			continue;
		code ^= *text == '`';
		out = model_text(m, "%s%.*s%s", out, (int)(text - from), from, word);
		from = text + 1;
	}
	return model_text(m, "%s%s", out, from);
}

static const char *type(struct model *m, const struct field *f)
{
	const char *section = words_section(f);

	if (!section)
		return words_type(m, f);
	return model_text(m, "%s<a href=\"#%s\">%s</a>", f->is_list ? "list of " : "", section,
			  section);
}

static void key_rows(struct model *m, struct text *t, const struct message *message)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];
		const char *limits = words_limits(m, f);

		if (f->flatten) {
			key_rows(m, t, f->message);
			continue;
		}
		text_put(t,
			 "<dt><code>%s</code> <span class=\"type\">%s, "
			 "%s%s%s</span></dt>\n<dd>%s</dd>\n",
			 f->key, type(m, f), html(m, words_presence(m, f)), *limits ? ", " : "",
			 limits, html(m, words_comment(m, f)));
	}
}

static void keys(struct model *m, struct text *t, const struct message *message)
{
	if (message->fields.n == 0) {
		text_put(t, "<p>No keys beside it.</p>\n");
		return;
	}
	text_put(t, "<dl>\n");
	key_rows(m, t, message);
	text_put(t, "</dl>\n");
}

static void answers(struct text *t, const struct field *f)
{
	for (size_t i = 0; i < f->answers.n; i++)
		text_put(t, "%s<a href=\"#Response.%s\"><code>%s</code></a>",
			 i ? " or " : "<p>Answer: ", f->answers.items[i], f->answers.items[i]);
	text_put(t, "%s", f->answers.n > 0 ? ", or <code>err</code>.</p>\n" : "");
}

static void variant(struct model *m, struct text *t, const struct message *message,
		    const struct field *f)
{
	text_put(t, "<h3 id=\"%s.%s\"><code>%s</code></h3>\n<p>%s</p>\n", message->name, f->key,
		 f->key, html(m, words_comment(m, f)));
	if (f->message->tag)
		text_put(t,
			 "<p>Its keys are those of <a href=\"#%s\">%s</a>, in the same "
			 "object.</p>\n",
			 f->message->name, f->message->name);
	else
		keys(m, t, f->message);
	answers(t, f);
	text_put(t, "@example %s %s@\n", message->name, f->key);
}

static void document(struct model *m, struct text *t, const struct message *message)
{
	text_put(t,
		 "<h2 id=\"%s\">%s</h2>\n<p>%s The key <code>%s</code> names the variant; the "
		 "variant's keys stand beside it.</p>\n<nav><ul>\n",
		 message->name, message->name, html(m, message->comment), message->tag);
	for (size_t i = 0; i < message->fields.n; i++)
		text_put(t, "<li><a href=\"#%s.%s\"><code>%s</code></a></li>\n", message->name,
			 message->fields.items[i].key, message->fields.items[i].key);
	text_put(t, "</ul></nav>\n");
	for (size_t i = 0; i < message->fields.n; i++)
		variant(m, t, message, &message->fields.items[i]);
}

static void inner_union(struct model *m, struct text *t, const struct message *message)
{
	text_put(t,
		 "<p>One object; <code>%s</code> names the variant, whose keys stand beside "
		 "it.</p>\n",
		 message->tag);
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		text_put(t, "<h4><code>%s</code></h4>\n<p>%s</p>\n", f->key,
			 html(m, words_comment(m, f)));
		keys(m, t, f->message);
	}
}

static void structures(struct model *m, struct text *t)
{
	text_put(t, "<h2>Structures</h2>\n");
	for (size_t i = 0; i < m->messages.n; i++) {
		const struct message *message = &m->messages.items[i];

		if (!words_has_section(m, message))
			continue;
		text_put(t, "<h3 id=\"%s\">%s</h3>\n<p>%s</p>\n", message->name, message->name,
			 html(m, message->comment));
		(message->tag ? inner_union : keys)(m, t, message);
	}
	for (size_t i = 0; i < m->enumerations.n; i++) {
		const struct enumeration *e = &m->enumerations.items[i];

		text_put(t, "<h3 id=\"%s\">%s</h3>\n<p>%s</p>\n<dl>\n", e->name, e->name,
			 html(m, e->comment));
		for (size_t k = 0; k < e->values.n; k++)
			text_put(t, "<dt><code>%s</code></dt><dd>%s</dd>\n",
				 e->values.items[k].wire, html(m, e->values.items[k].comment));
		text_put(t, "</dl>\n");
	}
}

void emit_html(struct model *m, struct text *t)
{
	text_put(t,
		 "<!doctype html>\n<!-- Generated by overlaygen from schema/%s. Change that, then "
		 "run "
		 "make. -->\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
		 "content=\"width=device-width,initial-scale=1\">\n<title>The %s protocol</title>\n"
		 "<style>%s</style>\n<h1>The %s protocol</h1>\n<p>%s</p>\n",
		 m->file, m->base, style, m->base, html(m, m->comment ? m->comment : ""));
	for (size_t i = 0; i < m->messages.n; i++)
		if (m->messages.items[i].tag && m->messages.items[i].entry)
			document(m, t, &m->messages.items[i]);
	structures(m, t);
	text_put(t, "</html>\n");
}
