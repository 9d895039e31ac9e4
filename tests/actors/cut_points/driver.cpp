#include "actors/cut_points/driver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "actors/cut_points/trace.h"
#include "os/test_folder.h"
#include "support/reference_data.h"

extern char** environ;  // NOLINT: what the processes inherit

namespace driftwood::test {
namespace {

constexpr std::uint64_t kCutsOfEveryKind = 50;  // so many have to be of every kind together

// The status of waitpid.
int run_process(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawn(&child, pointers[0], nullptr, nullptr, pointers.data(), environ) != 0) {
    return -1;
  }
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

bool succeeded(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Calls `work` for 0, 1, ... below `count`, a few at a time.
void in_parallel(unsigned threads, std::size_t count,
                 const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (std::size_t item = next++; item < count; item = next++) work(item);
    });
  }
  for (std::thread& worker : workers) worker.join();
}

struct Cut {
  std::size_t conversation;
  std::uint64_t step;
};

class Driver {
 public:
  explicit Driver(const Plan& plan) : plan_(plan), all_(conversations(plan.folders)) {}

  bool run() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // the seed is to be known while it works
    fmt::print("{}, seed {}, {} cuts, {} steps after each\n", plan_.device, plan_.seed, plan_.cuts,
               plan_.steps);
    if (!find_conversations() || !trace_all()) return false;
    const std::vector<Cut> cuts = choose();
    std::atomic<std::size_t> failures = 0;
    in_parallel(plan_.processes, cuts.size(), [&](std::size_t i) {
      if (!try_cut(cuts[i], folder_.path(fmt::format("{}.actor", i)))) ++failures;
    });
    const bool complete = count_kinds(cuts);
    fmt::print("{} of {} actors went on with the same bits\n", cuts.size() - failures, cuts.size());
    return complete && failures == 0;
  }

 private:
  bool find_conversations() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (!all_[i].name.contains(plan_.only)) continue;
      if (std::filesystem::exists(all_[i].model)) {
        found_.push_back(i);
        continue;
      }
      fmt::print("SKIPPED: {}: there is no {}\n", all_[i].name, all_[i].model);
      if (is_ci()) return false;
    }
    return !found_.empty();
  }

  std::vector<std::string> command(const char* role, std::size_t conversation) const {
    return {plan_.program,
            "--role=" + std::string(role),
            fmt::format("--conversation={}", conversation),
            "--device=" + plan_.device,
            "--source=" + plan_.folders.source,
            "--data=" + plan_.folders.data,
            "--trace=" + trace_path(conversation),
            fmt::format("--steps={}", plan_.steps)};
  }
  std::string trace_path(std::size_t conversation) const {
    return folder_.path(fmt::format("{}.trace", conversation));
  }

  bool trace_all() {
    std::atomic<bool> all_well = true;
    in_parallel(plan_.processes, found_.size(), [&](std::size_t i) {
      auto arguments = command("whole", found_[i]);
      arguments.insert(arguments.end(), {"--isa", plan_.freeze_isa});
      if (!succeeded(run_process(arguments))) all_well = false;
    });
    if (!all_well) return false;
    std::uint64_t steps = 0;
    traces_.resize(all_.size());
    for (const std::size_t i : found_) {
      traces_[i] = read_trace(trace_path(i));
      steps += traces_[i].size() - 1;
    }
    fmt::print("{} conversations of {} steps together\n", found_.size(), steps);
    return true;
  }

  // Where a conversation may be cut so that enough steps follow: up to here.
  std::uint64_t last_cut(std::size_t conversation) const {
    const std::uint64_t steps = traces_[conversation].size() - 1;
    return steps - std::min(steps, plan_.steps);
  }

  // One half anywhere, going round the conversations; the other at places of each kind in turn.
  std::vector<Cut> choose() const {
    std::mt19937_64 random(plan_.seed);
    const auto below = [&random](std::uint64_t bound) { return random() % bound; };
    std::vector<Cut> cuts;
    for (std::uint64_t i = 0; i < plan_.cuts; ++i) {
      const std::size_t any = found_[i / 2 % found_.size()];
      const auto places =
          i % 2 == 0 ? std::vector<Cut>() : places_of(kKinds[i / 2 % kKinds.size()]);
      cuts.push_back(places.empty() ? Cut{any, below(last_cut(any) + 1)}
                                    : places[below(places.size())]);
    }
    return cuts;
  }

  std::vector<Cut> places_of(const NamedKind& kind) const {
    std::vector<Cut> places;
    for (const std::size_t i : found_) {
      for (std::uint64_t step = 0; step <= last_cut(i); ++step) {
        if (traces_[i][step].kinds & kind.kind) places.push_back({i, step});
      }
    }
    return places;
  }

  bool try_cut(const Cut& cut, const std::string& file) const {
    auto freeze = command("freeze", cut.conversation), resume = command("resume", cut.conversation);
    for (auto* arguments : {&freeze, &resume}) {
      arguments->push_back(fmt::format("--cut={}", cut.step));
      arguments->push_back("--file=" + file);
    }
    freeze.insert(freeze.end(), {"--isa", plan_.freeze_isa});
    resume.insert(resume.end(), {"--isa", plan_.thaw_isa});
    const int frozen = run_process(freeze);
    const bool killed = WIFSIGNALED(frozen) && WTERMSIG(frozen) == SIGKILL;
    const bool same = killed && succeeded(run_process(resume));
    if (!same) {
      fmt::print(stderr, "FAILED: {}, cut after step {}{}\n", all_[cut.conversation].name, cut.step,
                 killed ? "" : ": it was not frozen");
    }
    std::filesystem::remove(file);
    return same;
  }

  bool count_kinds(const std::vector<Cut>& cuts) const {
    bool complete = true;
    for (const NamedKind& kind : kKinds) {
      const auto count = std::ranges::count_if(cuts, [&](const Cut& cut) {
        return (traces_[cut.conversation][cut.step].kinds & kind.kind) != 0;
      });
      fmt::print("{:5} cuts of kind: {}\n", count, kind.name);
      const bool can_be_missing = plan_.cuts < kCutsOfEveryKind || !plan_.only.empty() ||
                                  plan_.freeze_isa != plan_.thaw_isa ||
                                  (kind.kind == kAudio && found_.size() < all_.size());
      if (count == 0 && !can_be_missing) complete = false;
    }
    return complete;
  }

  const Plan& plan_;
  const std::vector<Conversation> all_;
  std::vector<std::size_t> found_;         // those whose files are there
  std::vector<std::vector<Step>> traces_;  // by conversation
  const os::TestFolder folder_;
};

}  // namespace

bool cut_and_compare(const Plan& plan) {
  return Driver(plan).run();
}

}  // namespace driftwood::test
