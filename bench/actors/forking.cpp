// What forks of a live conversation take, and that each goes its own way.
#include <algorithm>
#include <set>

#include "actor/freeze.h"
#include "actor/frozen_file.h"
#include "actor/thaw.h"
#include "actors/measurements.h"
#include "actors/process_memory.h"
#include "runtime/statistics.h"

namespace driftwood::costs {
namespace {

using actor::Actor;

constexpr std::uint32_t kLeft = 5;  // tokens of the answer that a fork goes on with

class Forking {
 public:
  Forking(const Setup& setup, const ForkingOptions& options, Report& report)
      : setup_(setup), options_(options), report_(report) {}

  Result<void> measure() {
    DW_TRY_ASSIGN(const auto source, setup_.talking(options_.tokens, kLeft));
    DW_TRY_ASSIGN(const auto frozen, actor::Frozen::make(*source, {.thin = true}));
    bytes_.resize(frozen->file().size_bytes());
    frozen->file().copy_to(bytes_);
    DW_TRY(measure_times());
    DW_TRY(measure_memory());
    return go_apart();
  }

 private:
  void add(std::string_view what, std::vector<double> values, std::string unit,
           std::optional<double> limit = {}) {
    report_.figures.push_back({fmt::format("{} tokens: {}", options_.tokens, what),
                               spread_of(std::move(values)), std::move(unit), limit});
  }

  // The conversation, never forked before.
  Result<std::unique_ptr<Actor>> conversation() const {
    DW_TRY_ASSIGN(const auto file, actor::frozen::File::of(bytes_));
    DW_TRY_ASSIGN(auto thawed, actor::thaw(file, setup_.services(), setup_.module()));
    return std::move(thawed.actor);
  }

  static Result<double> fork_ms(const Actor& source, std::unique_ptr<Actor>& fork) {
    return time_ms([&]() -> Result<void> {
      DW_TRY_ASSIGN(fork, source.fork());
      return {};
    });
  }

  Result<void> measure_times() {
    std::vector<double> first_ms, second_ms, after_step_ms;
    for (std::uint32_t i = 0; i < options_.rounds; ++i) {
      DW_TRY_ASSIGN(const auto source, conversation());
      std::unique_ptr<Actor> first, second, third;
      DW_TRY_ASSIGN(const double one, fork_ms(*source, first));
      first_ms.push_back(one);
      DW_TRY_ASSIGN(const double two, fork_ms(*source, second));
      second_ms.push_back(two);
      DW_TRY(step(*source));
      DW_TRY_ASSIGN(const double three, fork_ms(*source, third));
      after_step_ms.push_back(three);
    }
    add("the first fork", std::move(first_ms), "ms", 2);
    add("the second fork", std::move(second_ms), "ms", 1);
    add("a fork after one more token", std::move(after_step_ms), "ms", 1);
    return {};
  }

  Result<void> measure_memory() {
    std::vector<double> first_kib, later_kib;
    for (std::uint32_t i = 0; i < std::min(options_.rounds, 20U); ++i) {
      DW_TRY_ASSIGN(const auto source, conversation());
      DW_TRY_ASSIGN(const actor::Snapshot snapshot, source->snapshot());
      double window_kib = 0;
      for (const auto& window : snapshot.guest.windows) {
        window_kib += static_cast<double>(window.size_bytes) / 1024;
      }
      std::unique_ptr<Actor> first, second;
      for (auto [fork, values] : {std::pair(&first, &first_kib), std::pair(&second, &later_kib)}) {
        DW_TRY_ASSIGN(const std::uint64_t before, counted_bytes());
        DW_TRY_ASSIGN(*fork, source->fork());
        DW_TRY_ASSIGN(const std::uint64_t after, counted_bytes());
        values->push_back((static_cast<double>(after) - static_cast<double>(before)) / 1024 -
                          window_kib);
      }
    }
    add("new memory of the first fork, without its windows", std::move(first_kib), "KiB", 64);
    add("new memory of the second fork, without its windows", std::move(later_kib), "KiB", 64);
    return {};
  }

  // What this process has alone, and memory files, of which what is mapped is no part of the
  // former.
  static Result<std::uint64_t> counted_bytes() {
    DW_TRY_ASSIGN(const std::uint64_t own, memory_field("/proc/self/smaps_rollup", "Pss_Anon"));
    DW_TRY_ASSIGN(const std::uint64_t shared, shared_memory_bytes());
    return own + shared;
  }

  std::string other_request(std::uint64_t n) const {
    return setup_.request({.prompt_tokens = 8, .new_tokens = 12, .seed = 1000 + n});
  }

  Result<void> go_apart() {
    DW_TRY_ASSIGN(const auto source, conversation());
    std::vector<std::unique_ptr<Actor>> forks(options_.forks);
    for (auto& fork : forks) {
      DW_TRY_ASSIGN(fork, source->fork());
    }
    std::set<std::vector<std::string>> ways;
    for (std::size_t n = 0; n < forks.size(); ++n) {
      DW_TRY_ASSIGN(auto of_fork, told(*forks[n], n));
      DW_TRY_ASSIGN(const auto alone, conversation());
      DW_TRY_ASSIGN(const auto of_alone, told(*alone, n));
      if (of_fork != of_alone) {
        return fail(ErrorCode::corrupt, "Fork {} answers otherwise than it does alone.", n);
      }
      ways.insert(std::move(of_fork));
    }
    add("forks alive at once, each as if alone", {static_cast<double>(options_.forks)}, "actors");
    add("different answers of them", {static_cast<double>(ways.size())}, "answers");
    return {};
  }

  // Its tokens, without the times that the last records tell.
  Result<std::vector<std::string>> told(Actor& actor, std::uint64_t n) const {
    actor.send(other_request(n));
    DW_TRY_ASSIGN(auto records, answer(actor));
    std::erase_if(records, [](const std::string& record) {
      return record.find("\"type\":\"token\"") == std::string::npos;
    });
    return records;
  }

  const Setup& setup_;
  const ForkingOptions& options_;
  Report& report_;
  std::vector<std::byte> bytes_;
};

}  // namespace

Result<void> measure_forking(const Setup& setup, const ForkingOptions& options, Report& report) {
  return Forking(setup, options, report).measure();
}

}  // namespace driftwood::costs
