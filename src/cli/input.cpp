#include "cli/input.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "cli/fail.h"

namespace driftwood::cli {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

}  // namespace

Result<std::string> read_input(const std::string& path, std::uint64_t most_bytes) {
  const bool standard = path == "-";
  const std::string what = standard ? "Standard input" : fmt::format("\"{}\"", path);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(
      standard ? nullptr : std::fopen(path.c_str(), "rb"),
      [](std::FILE* file) { return file == nullptr ? 0 : std::fclose(file); });
  std::FILE* const file = standard ? stdin : opened.get();
  if (file == nullptr) {
    const auto code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
    return fail(code, "{} cannot be opened: {}.", what, std::strerror(errno));
  }
  std::string bytes;
  while (bytes.size() <= most_bytes) {
    const std::size_t old_size = bytes.size();
    bytes.resize(old_size + kPieceBytes);
    const std::size_t count = std::fread(bytes.data() + old_size, 1, kPieceBytes, file);
    bytes.resize(old_size + count);
    if (count < kPieceBytes) {
      if (std::ferror(file)) {
        return fail(ErrorCode::io, "{} cannot be read: {}.", what, std::strerror(errno));
      }
      break;
    }
  }
  if (bytes.size() > most_bytes) {
    return fail(ErrorCode::limit, "{} is longer than the limit ({} bytes).", what, most_bytes);
  }
  return bytes;
}

Result<std::vector<std::int32_t>> parse_ids(const std::string& text) {
  std::vector<std::int32_t> ids;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    std::int32_t id;
    const auto [next, problem] = std::from_chars(at, end, id);
    if (problem != std::errc() || (next != end && *next != ',')) {
      return fail(ErrorCode::invalid_argument,
                  "--prompt-ids takes token ids separated by commas, not \"{}\".", text);
    }
    ids.push_back(id);
    if (next == end) return ids;
    at = next + 1;
  }
}

Result<std::map<std::int32_t, double>> parse_logit_bias(const std::vector<std::string>& pairs) {
  std::map<std::int32_t, double> biases;
  for (const std::string& pair : pairs) {
    const char* const end = pair.data() + pair.size();
    std::int32_t id = 0;
    double bias = 0;
    const auto [colon, id_problem] = std::from_chars(pair.data(), end, id);
    const bool has_id = id_problem == std::errc() && colon != end && *colon == ':' && id >= 0;
    const auto [last, problem] = std::from_chars(has_id ? colon + 1 : end, end, bias);
    if (!has_id || problem != std::errc() || last != end || !(std::abs(bias) <= 100)) {
      return fail(ErrorCode::invalid_argument,
                  "--logit-bias takes a token id, a colon and a number from -100 to 100, not "
                  "\"{}\".",
                  pair);
    }
    biases[id] = bias;
  }
  return biases;
}

}  // namespace driftwood::cli
