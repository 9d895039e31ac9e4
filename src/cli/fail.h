// An error to return: `return fail(ErrorCode::limit, "{} is too long.", path);`.
#pragma once

#include <driftwood/result.h>
#include <fmt/format.h>

#include <utility>

namespace driftwood::cli {

template <typename... Args>
std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error(code, fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace driftwood::cli
