// Files of frozen actors. With 255 as its first byte, the rest of the input is a file; otherwise
// the bytes are choices: which actor to begin with, and what to change in its file, with sizes and
// checksums that fit (tests/support/frozen_parts.h).
#include "actor/freeze.h"
#include "calls.h"
#include "core/check.h"
#include "host.h"
#include "support/frozen_fate.h"
#include "support/frozen_parts.h"

namespace {

using namespace driftwood;

constexpr std::uint8_t kWholeFile = 255;
constexpr std::uint64_t kSteps = 4;

// Takes two bytes for each choice, and 0 when there are none left.
class Bytes final : public test::Choices {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::uint64_t below(std::uint64_t count) override { return (next() + 256 * next()) % count; }

 private:
  std::uint64_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

  std::span<const std::uint8_t> bytes_;
};

// The file of an actor that was given a message and made some steps.
test::FrozenParts frozen(const fuzz::Host& host, const fuzz::Bytes& message, std::uint64_t steps) {
  const auto actor = actor::Actor::create(host.services(), host.module);
  DW_CHECK(actor);
  (*actor)->send(std::string(message.begin(), message.end()));
  DW_CHECK((*actor)->run([](std::string_view) {}, steps));
  const auto frozen = actor::Frozen::make(**actor, {.thin = true});
  DW_CHECK(frozen);
  std::vector<std::byte> bytes((*frozen)->file().size_bytes());
  (*frozen)->file().copy_to(bytes);
  return test::FrozenParts(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Host host;
  static const std::vector<test::FrozenParts> actors = {frozen(host, fuzz::recurrence_runs(), 2),
                                                        frozen(host, fuzz::recurrence_runs(), 9),
                                                        frozen(host, fuzz::addition_run(), 2)};
  if (size == 0) return 0;
  std::vector<std::byte> file;
  if (data[0] == kWholeFile) {
    const auto rest = std::as_bytes(std::span(data + 1, size - 1));
    file.assign(rest.begin(), rest.end());
  } else {
    test::FrozenParts parts = actors[data[0] % actors.size()];
    Bytes choices({data + 1, size - 1});
    do {
      test::mutate(parts, choices);
    } while (!choices.empty());
    file = parts.file();
  }
  const auto fate = test::fate_of_frozen(file, host.services(), host.module, kSteps);
  if (!fate) fmt::print(stderr, "{}\n", fate.error().message());
  DW_CHECK(fate);
  return 0;
}
