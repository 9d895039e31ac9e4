// What freezing and thawing take, against writing the same bytes plainly.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "actor/freeze.h"
#include "actor/thaw.h"
#include "actors/measurements.h"
#include "os/replace_file.h"
#include "runtime/statistics.h"

namespace driftwood::costs {
namespace {

using actor::Actor;
using actor::Frozen;
using os::Durability;

// What a program without a runtime would do: write beside the file, rename; `synced` as
// replace_file(), file and folder.
Result<void> write_plainly(const std::string& path, std::span<const std::byte> bytes,
                           Durability durability) {
  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const bool synced = durability == Durability::synced;
  bool good = file >= 0;
  while (good && !bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    good = written > 0;
    if (good) bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  good = good && (!synced || ::fsync(file) == 0);
  if (file >= 0) good = ::close(file) == 0 && good;
  good = good && std::rename(beside.c_str(), path.c_str()) == 0;
  if (good && synced) {
    const int folder = ::open(path.substr(0, path.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY);
    good = ::fsync(folder) == 0;
    ::close(folder);
  }
  if (good) return {};
  return fail(ErrorCode::io, "File \"{}\" cannot be written.", path);
}

// One length of conversation.
class Saving {
 public:
  Saving(const Setup& setup, const SavingOptions& options, std::uint32_t tokens, Report& report)
      : setup_(setup),
        options_(options),
        tokens_(tokens),
        report_(report),
        path_(fmt::format("{}/conversation-{}", options.folder, tokens)) {}

  Result<void> measure() {
    DW_TRY(begin());
    DW_TRY(measure_encoding());
    DW_TRY(measure_file(Durability::none, options_.rounds));
    DW_TRY(measure_file(Durability::synced, std::min(options_.rounds, 60U)));
    DW_TRY(measure_thawing());
    return measure_first_token();
  }

 private:
  void add(std::string_view what, std::vector<double> values, std::string unit,
           std::optional<double> limit = {}) {
    report_.figures.push_back({fmt::format("{} tokens: {}", tokens_, what),
                               spread_of(std::move(values)), std::move(unit),
                               tokens_ == 24 ? limit : std::nullopt});
  }

  Result<void> begin() {
    DW_TRY_ASSIGN(actor_, setup_.talking(tokens_, 2 * options_.steps));
    DW_TRY_ASSIGN(const actor::Snapshot snapshot, actor_->snapshot());
    DW_TRY_ASSIGN(const auto frozen, Frozen::make(*actor_, {}));
    bytes_.resize(frozen->file().size_bytes());
    frozen->file().copy_to(bytes_);
    const double mebibyte = 1 << 20;
    add("the guest's memory", {static_cast<double>(snapshot.guest.memory_bytes) / mebibyte}, "MiB",
        2);
    add("file", {static_cast<double>(bytes_.size()) / mebibyte}, "MiB");
    return {};
  }

  Result<void> measure_encoding() {
    std::vector<double> fresh_ms, kept_ms, thin_ms;
    for (std::uint32_t i = 0; i < options_.rounds; ++i) {
      DW_TRY_ASSIGN(const double fresh, time_ms([&]() -> Result<void> {
                      DW_TRY_ASSIGN(const auto frozen, Frozen::make(*actor_, {}));
                      std::vector<std::byte> bytes(frozen->file().size_bytes());
                      frozen->file().copy_to(bytes);
                      return {};
                    }));
      fresh_ms.push_back(fresh);
      DW_TRY_ASSIGN(const double kept, time_ms([&]() -> Result<void> {
                      DW_TRY_ASSIGN(const auto frozen, Frozen::make(*actor_, {}));
                      frozen->file().copy_to(bytes_);
                      return {};
                    }));
      kept_ms.push_back(kept);
      DW_TRY_ASSIGN(const double thin, time_ms([&]() -> Result<void> {
                      DW_TRY(Frozen::make(*actor_, {.thin = true}));
                      return {};
                    }));
      thin_ms.push_back(thin);
    }
    add("encode, into a fresh buffer each time", std::move(fresh_ms), "ms");
    add("encode, into a buffer that the caller keeps", std::move(kept_ms), "ms", 1.1);
    add("lay out without the module, copying nothing", std::move(thin_ms), "ms");
    return {};
  }

  Result<void> measure_file(Durability durability, std::uint32_t rounds) {
    std::vector<double> ours_ms, plain_ms, ratios;
    for (std::uint32_t i = 0; i < rounds; ++i) {
      DW_TRY_ASSIGN(const double plain,
                    time_ms([&] { return write_plainly(path_ + ".plain", bytes_, durability); }));
      DW_TRY_ASSIGN(const double ours, time_ms([&]() -> Result<void> {
                      DW_TRY_ASSIGN(const auto frozen, Frozen::make(*actor_, {}));
                      return os::replace_file(path_, frozen->file().parts(), durability);
                    }));
      ours_ms.push_back(ours);
      plain_ms.push_back(plain);
      ratios.push_back(ours / plain);
    }
    const std::string kind = durability == Durability::synced ? ", synced" : "";
    add("freeze to a file" + kind, std::move(ours_ms), "ms");
    add("write and rename the same bytes" + kind, std::move(plain_ms), "ms");
    add("freeze to a file" + kind + ", of the plain write before it", std::move(ratios), "x", 1.3);
    return {};
  }

  Result<std::unique_ptr<Actor>> thaw() const {
    DW_TRY_ASSIGN(const auto file, actor::frozen::File::open(path_));
    DW_TRY_ASSIGN(auto thawed, actor::thaw(file, setup_.services(), setup_.module()));
    return std::move(thawed.actor);
  }

  Result<void> measure_thawing() {
    std::vector<double> thaw_ms;
    for (std::uint32_t i = 0; i < options_.rounds; ++i) {
      std::unique_ptr<Actor> thawed;  // goes outside of what is timed
      DW_TRY_ASSIGN(const double ms, time_ms([&]() -> Result<void> {
                      DW_TRY_ASSIGN(thawed, thaw());
                      return {};
                    }));
      thaw_ms.push_back(ms);
    }
    thaw_median_ms_ = median(thaw_ms);
    add("thaw, from the path to an actor that is ready", std::move(thaw_ms), "ms", 0.3);
    return {};
  }

  Result<void> measure_first_token() {
    std::vector<double> first_ms, later_ms, prefill_ms;
    for (std::uint32_t i = 0; i < options_.steps; ++i) {
      DW_TRY_ASSIGN(const auto thawed, thaw());
      DW_TRY_ASSIGN(const double first, time_ms([&] { return step(*thawed); }));
      DW_TRY_ASSIGN(const double second, time_ms([&] { return step(*thawed); }));
      first_ms.push_back(first);
      later_ms.push_back(first - second);
    }
    const std::uint32_t prefills = tokens_ <= 128 ? 5 : 1;
    for (std::uint32_t i = 0; i < prefills; ++i) {
      DW_TRY_ASSIGN(const auto fresh, setup_.spawn());
      fresh->send(setup_.request({.prompt_tokens = tokens_, .new_tokens = 1, .seed = tokens_}));
      DW_TRY_ASSIGN(const double ms, time_ms([&]() -> Result<void> {
                      DW_TRY(answer(*fresh));
                      return {};
                    }));
      prefill_ms.push_back(ms);
    }
    add("first token after a thaw", std::move(first_ms), "ms");
    add("the same, less the second one right after it", std::move(later_ms), "ms", 1);
    const double share = thaw_median_ms_ / median(prefill_ms);
    add("prefill again instead", std::move(prefill_ms), "ms");
    add("thaw, of that", {share}, "x", 0.02);
    return {};
  }

  const Setup& setup_;
  const SavingOptions& options_;
  std::uint32_t tokens_;
  Report& report_;
  std::string path_;
  std::unique_ptr<Actor> actor_;
  std::vector<std::byte> bytes_;
  double thaw_median_ms_ = 0;
};

}  // namespace

Result<void> measure_saving(const Setup& setup, const SavingOptions& options, Report& report) {
  for (const std::uint32_t tokens : options.tokens) {
    DW_TRY(Saving(setup, options, tokens, report).measure());
  }
  return {};
}

}  // namespace driftwood::costs
