// The model that the user names: where it is, and opening it.
#pragma once

#include <driftwood/runtime.h>

#include <string>

namespace driftwood::cli {

inline constexpr const char* kModelHelp =
    "Hugging Face folder, bare .safetensors file, or ORG/NAME in the local Hugging Face cache";

// Where a guest that reads config.json has to run.
inline constexpr const char* kLlamaHelp =
    "Hugging Face folder, or ORG/NAME in the local Hugging Face cache";

inline constexpr const char* kDefaultModelHelp =
    " (default: the small one that comes with driftwood)";

// Empty: the default model. Otherwise a folder, or the name of a model in the cache that Hugging
// Face's tools would use here: $HF_HUB_CACHE, otherwise $HF_HOME/hub, otherwise huggingface/hub in
// $XDG_CACHE_HOME or ~/.cache. Errors: not_found, saying where it was looked for.
Result<std::string> find_model(const std::string& name);

// Opens what find_model finds, showing that it does.
Result<Model> open_model(const Runtime& runtime, const std::string& name);

}  // namespace driftwood::cli
