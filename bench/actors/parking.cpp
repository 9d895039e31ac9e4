// Many actors that wait in files: what they hold of memory, and how soon they answer.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "actor/freeze.h"
#include "actor/scheduler.h"
#include "actors/measurements.h"
#include "actors/process_memory.h"
#include "core/checksum.h"
#include "runtime/statistics.h"

namespace driftwood::costs {
namespace {

using actor::Actor;

constexpr std::size_t kBatch = 64;       // actors that make their text together
constexpr std::uint32_t kNewTokens = 8;  // of the text, after the prompt
constexpr std::size_t kCompared = 100;   // actors that are made again and never parked
constexpr std::size_t kCold = 200;       // files that are taken out of the page cache
constexpr const char* kStatus = "/proc/self/status";

// Writes the file to the disk and has the system forget its bytes.
void cool(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

bool is_token(std::string_view record) {
  return record.find("\"type\":\"token\"") != std::string_view::npos;
}

class Parking {
 public:
  Parking(const Setup& setup, const ParkingOptions& options, Report& report)
      : setup_(setup), options_(options), report_(report) {}

  Result<void> measure() {
    DW_TRY(warm_up());
    DW_TRY_ASSIGN(const std::uint64_t own, own_bytes());
    DW_TRY_ASSIGN(const std::uint64_t all, memory_field(kStatus, "VmRSS"));
    DW_TRY_ASSIGN(const double ms, time_ms([this]() -> Result<void> {
                    while (actors_.size() < options_.actors) DW_TRY(make_batch());
                    return {};
                  }));
    add("making and parking all of them", {ms * 1e-3}, "s");
    DW_TRY_ASSIGN(const std::uint64_t own_after, own_bytes());
    DW_TRY_ASSIGN(const std::uint64_t all_after, memory_field(kStatus, "VmRSS"));
    const auto megabytes = [](std::uint64_t after, std::uint64_t before) {
      return (static_cast<double>(after) - static_cast<double>(before)) * 1e-6;
    };
    add("memory for all (RssAnon + RssShmem, less what was there before)",
        {megabytes(own_after, own)}, "MB", 200);
    add("the same of the whole resident memory", {megabytes(all_after, all)}, "MB");
    add("resident memory, weights and program included", {static_cast<double>(all_after) * 1e-6},
        "MB");
    return ask_all();
  }

 private:
  void add(std::string_view what, std::vector<double> values, std::string unit,
           std::optional<double> limit = {}) {
    report_.figures.push_back({fmt::format("{} parked actors: {}", options_.actors, what),
                               spread_of(std::move(values)), std::move(unit), limit});
  }

  static Result<std::uint64_t> own_bytes() {
    DW_TRY_ASSIGN(const std::uint64_t anonymous, memory_field(kStatus, "RssAnon"));
    DW_TRY_ASSIGN(const std::uint64_t shared, memory_field(kStatus, "RssShmem"));
    return anonymous + shared;
  }

  std::string path(std::size_t n) const {
    return fmt::format("{}/parked-{:05}", options_.folder, n);
  }

  Conversation text_of(std::size_t n) const {
    return {.prompt_tokens = options_.tokens - kNewTokens, .new_tokens = kNewTokens, .seed = n};
  }
  // The text that actor n has, and four tokens more: only those are computed.
  std::string question(std::size_t n) const {
    std::vector<std::uint64_t> ids = setup_.ids(options_.tokens - kNewTokens, n);
    ids.insert(ids.end(), answers_[n].begin(), answers_[n].end());
    for (const std::uint64_t id : setup_.ids(4, n + 1'000'000)) ids.push_back(id);
    return setup_.request(ids, 8);
  }

  // One batch is made and goes, so that what the device and the allocator keep is there before;
  // one actor stays, so that its program stays compiled.
  Result<void> warm_up() {
    DW_TRY(make_batch());
    one_alive_ = std::move(actors_.front());
    DW_TRY(one_alive_->hydrate());
    actors_.clear();
    digests_.clear();
    answers_.clear();
    return {};
  }

  Result<void> make_batch() {
    const std::size_t begin = actors_.size();
    const std::size_t end = std::min<std::size_t>(begin + kBatch, options_.actors);
    std::vector<Actor*> batch;
    for (std::size_t n = begin; n < end; ++n) {
      DW_TRY_ASSIGN(auto one, setup_.spawn());
      one->send(setup_.request(text_of(n)));
      batch.push_back(one.get());
      actors_.push_back(std::move(one));
    }
    actor::Scheduler scheduler(setup_.device());
    while (std::ranges::any_of(batch, &Actor::is_ready)) scheduler.step(batch);
    for (std::size_t n = begin; n < end; ++n) {
      auto& answer = answers_.emplace_back();
      while (!actors_[n]->output().records().empty()) {
        const std::string record = actors_[n]->output().pop();
        if (is_token(record)) {
          answer.push_back(nlohmann::json::parse(record).at("id").get<std::uint64_t>());
        }
      }
      DW_TRY_ASSIGN(const std::uint64_t digest, states_digest(*actors_[n]));
      digests_.push_back(digest);
      DW_TRY(actors_[n]->park(path(n)));
    }
    return {};
  }

  // Of the rows of the caches.
  static Result<std::uint64_t> states_digest(const Actor& actor) {
    DW_TRY_ASSIGN(const actor::Snapshot snapshot, actor.snapshot());
    Checksum sum;
    for (const auto& state : snapshot.guest.states) {
      std::vector<std::byte> block(state->block_bytes());
      for (std::size_t i = 0; i * device::AppendState::kBlockRows < state->length_rows(); ++i) {
        DW_TRY(state->read_block(i, block));
        sum.add(block);
      }
    }
    return sum.value();
  }

  // All that was written until the first token, and the rest of the answer.
  Result<double> ask(Actor& actor, std::size_t n, std::vector<std::string>& records) const {
    const std::string asked = question(n);
    DW_TRY_ASSIGN(const double ms, time_ms([&]() -> Result<void> {
                    actor.send(asked);
                    while (records.empty()) DW_TRY(step(actor, &records));
                    return {};
                  }));
    if (!is_token(records.front())) {
      return fail(ErrorCode::corrupt, "Actor {} answers: {}", n, records.front());
    }
    DW_TRY_ASSIGN(const auto rest, answer(actor));
    records.insert(records.end(), rest.begin(), rest.end());
    std::erase_if(records, [](const std::string& record) { return !is_token(record); });
    if (records.size() == 8) return ms;
    return fail(ErrorCode::corrupt, "Actor {} answers with {} tokens instead of 8.", n,
                records.size());
  }

  // Each is hydrated by a message, answers and ends; one in a hundred is first compared with an
  // actor that said the same and was never parked.
  Result<void> ask_all() {
    const std::size_t step_between = std::max<std::size_t>(1, options_.actors / kCompared);
    std::vector<double> warm_ms, cold_ms, alone_ms;
    std::size_t compared = 0;
    for (std::size_t n = 0; n < actors_.size(); ++n) {
      const bool is_cold = n % std::max<std::size_t>(1, options_.actors / kCold) == 1;
      if (is_cold) cool(path(n));
      std::vector<std::string> records;
      DW_TRY_ASSIGN(const double ms, ask(*actors_[n], n, records));
      (is_cold ? cold_ms : warm_ms).push_back(ms);
      if (n % step_between == 0) {
        DW_TRY_ASSIGN(const double alone, compare(n, records));
        alone_ms.push_back(alone);
        ++compared;
      }
      actors_[n].reset();
    }
    add("message to first token, file in the page cache", std::move(warm_ms), "ms", 5);
    if (!cold_ms.empty()) {
      add("message to first token, file only on disk", std::move(cold_ms), "ms");
    }
    add("message to first token of one that was not parked", std::move(alone_ms), "ms");
    add("answers and caches equal to those of actors that were not parked",
        {static_cast<double>(compared)}, "actors");
    return {};
  }

  Result<double> compare(std::size_t n, const std::vector<std::string>& records) const {
    DW_TRY_ASSIGN(const auto whole, setup_.spawn());
    whole->send(setup_.request(text_of(n)));
    DW_TRY(answer(*whole));
    DW_TRY_ASSIGN(const std::uint64_t digest, states_digest(*whole));
    std::vector<std::string> wanted;
    DW_TRY_ASSIGN(const double ms, ask(*whole, n, wanted));
    if (digest == digests_[n] && wanted == records) return ms;
    return fail(ErrorCode::corrupt, "Actor {} answers otherwise than one that was not parked.", n);
  }

  const Setup& setup_;
  const ParkingOptions& options_;
  Report& report_;
  std::unique_ptr<Actor> one_alive_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<std::uint64_t> digests_;
  std::vector<std::vector<std::uint64_t>> answers_;
};

}  // namespace

Result<void> measure_parking(const Setup& setup, const ParkingOptions& options, Report& report) {
  return Parking(setup, options, report).measure();
}

}  // namespace driftwood::costs
