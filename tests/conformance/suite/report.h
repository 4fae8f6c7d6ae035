/* Results as text. */
#pragma once

#include "runtime/buf.h"
#include "tests/conformance/suite/results.h"

/* Each appends what is selected, and is complete only at its end. -ENOMEM. */

/* A line for each check, and for people what is behind those that went wrong. */
int report_text(const struct results *all, struct buf *out);

/* JUnit's XML: one suite; a known failure is a skipped case, an unexpected pass a failure. */
int report_junit(const struct results *all, struct buf *out);

/* One JSON document; docs/conformance.md tells its form. */
int report_json(const struct results *all, struct buf *out);

/* The checks themselves: id, sentence, section. */
int report_list(const struct results *all, struct buf *out);
