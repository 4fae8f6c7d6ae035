/* What a schema must be, beyond what protoc checks. */
#pragma once

#include "gen/model.h"

/* Notes every breach as a fault of the model. */
void model_lint(struct model *m);
