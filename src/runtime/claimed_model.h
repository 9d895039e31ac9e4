// A stand-in for the model of a frozen actor where the model itself is not there.
#pragma once

#include <memory>

#include "actor/frozen_file.h"
#include "core/error.h"
#include "model/model.h"

namespace driftwood {

// A model with just the weights that the file's programs name, of their dtypes and shapes and
// without bytes, for a device that computes nothing; null if the actor has no model. All programs
// are decoded. Errors: those of graph::decode_program; corrupt for a program that is not there; io.
Result<std::shared_ptr<const model::Model>> claimed_model(const actor::frozen::File& file);

}  // namespace driftwood
