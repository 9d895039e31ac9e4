// How Driftwood's own code returns and passes on errors. The vocabulary itself (ErrorCode, Error,
// Result) is public: driftwood/result.h.
#pragma once

#include <driftwood/result.h>
#include <fmt/format.h>

#include <utility>

namespace driftwood {

// An error to return: `return fail(ErrorCode::limit, "Context ({}) is over the limit ({}).", n,
// limit);`
template <typename... Args>
std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error(code, fmt::format(format, std::forward<Args>(args)...)));
}

// A failed result's error, to be returned from a function with another value type.
template <typename T>
std::unexpected<Error> pass_on(const Result<T>& failed) {
  return std::unexpected(failed.error());
}

template <typename T>
std::unexpected<Error> pass_on(const Result<T>& failed, std::string_view context) {
  return std::unexpected(failed.error().with_context(context));
}

}  // namespace driftwood

#define DW_CONCAT_INNER(a, b) a##b
#define DW_CONCAT(a, b) DW_CONCAT_INNER(a, b)

// Returns the error of `expression` from the enclosing function, if it has one.
#define DW_TRY(expression)                                  \
  do {                                                      \
    if (auto dw_result = (expression); !dw_result) {        \
      return std::unexpected(std::move(dw_result).error()); \
    }                                                       \
  } while (false)

// DW_TRY_ASSIGN(auto file, open(path)): declares or assigns the value, or returns the error.
#define DW_TRY_ASSIGN(target, expression) \
  DW_TRY_ASSIGN_INNER(DW_CONCAT(dw_result_, __LINE__), target, expression)
#define DW_TRY_ASSIGN_INNER(result, target, expression)           \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  target = std::move(result).value()
