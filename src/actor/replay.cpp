#include "actor/replay.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>
#include <vector>

#include "actor/thaw.h"
#include "guest/abi.h"
#include "guest/input_log.h"

namespace driftwood::actor {
namespace {

using guest::Event;
using guest::Next;

constexpr std::uint64_t kWaitNs = 1'000'000'000;

// The inputs in order, given out as the guest asks for them.
class Inputs {
 public:
  explicit Inputs(std::vector<guest::Input> inputs)
      : inputs_(std::make_move_iterator(inputs.begin()), std::make_move_iterator(inputs.end())) {}

  // The next one, if it is of this kind.
  template <typename T>
  const T* peek() const {
    return inputs_.empty() ? nullptr : std::get_if<T>(&inputs_.front());
  }
  template <typename T>
  std::optional<T> take() {
    const T* found = peek<T>();
    if (found == nullptr) return std::nullopt;
    T input = *found;
    inputs_.pop_front();
    return input;
  }

  // A guest that asks for what the log does not have next.
  std::uint64_t answer(std::optional<std::uint64_t> value) {
    if (!value) strayed_ = true;
    return value.value_or(0);
  }
  bool strayed() const { return strayed_; }

 private:
  std::deque<guest::Input> inputs_;
  bool strayed_ = false;
};

Result<void> outcome_of(const guest::InputEvent& event) {
  if (event.status == 0) return {};
  return std::unexpected(Error(guest::error_code(event.status), event.text));
}

class Player {
 public:
  Player(guest::Services services, std::vector<guest::Input> inputs)
      : device_(services.device), inputs_(std::move(inputs)), services_(std::move(services)) {
    services_.write_output = [](std::string_view) {};
    services_.random_bits = [this] {
      const auto input = inputs_.take<guest::InputRandom>();
      return inputs_.answer(input ? std::optional(input->bits) : std::nullopt);
    };
    services_.now_ns = [this] {
      const auto input = inputs_.take<guest::InputTime>();
      return inputs_.answer(input ? std::optional(input->ns) : std::nullopt);
    };
  }

  // Brings a new guest as far as the frozen one was.
  Result<void> play(const Snapshot& frozen) {
    DW_TRY_ASSIGN(guest_, guest::Guest::create(frozen.module, services_));
    if (!frozen.guest.started) return {};
    DW_TRY_ASSIGN(Next next, guest_->start());
    for (std::uint64_t call = 1; call <= frozen.guest.calls; ++call) {
      DW_TRY_ASSIGN(next, step(next, call));
      if (inputs_.strayed()) return stray();
    }
    // The run that the last call asked for is a part of its step; whether it succeeded, the log
    // would tell with the next call.
    return next == Next::run && frozen.outcome ? run() : Result<void>();
  }

  guest::Guest& guest() { return *guest_; }

 private:
  static std::unexpected<Error> stray() {
    return fail(ErrorCode::corrupt,
                "The guest asks for what its input log does not hold: the log is another guest's.");
  }

  Result<Next> step(Next next, std::uint64_t call) {
    if (const auto* event = inputs_.peek<guest::InputEvent>(); event && event->call == call) {
      const auto taken = *inputs_.take<guest::InputEvent>();
      return guest_->resume(static_cast<Event>(taken.event), outcome_of(taken));
    }
    switch (next) {
      case Next::idle: {
        const auto message = inputs_.take<guest::InputMessage>();
        if (!message) return stray();
        guest_->set_message(message->text);
        return guest_->resume(Event::message);
      }
      case Next::proceed:
        return guest_->resume(Event::proceed);
      case Next::run:
        DW_TRY(run());
        return guest_->resume(Event::run_done);
      case Next::finished:
        break;
    }
    return stray();
  }

  Result<void> run() {
    DW_TRY_ASSIGN(const auto serial,
                  device_->submit(guest_->run()->executable, {&guest_->run()->sequence, 1}));
    while (true) {
      auto ended = device_->wait(serial, kWaitNs);
      if (ended || ended.error().code() != ErrorCode::timeout) return ended;
    }
  }

  device::Device* device_;
  Inputs inputs_;
  guest::Services services_;
  std::unique_ptr<guest::Guest> guest_;
};

// The first place where two guests differ; empty if there is none.
class Comparison {
 public:
  Comparison(const guest::Snapshot& played, const guest::Snapshot& frozen)
      : played_(played), frozen_(frozen) {}

  Result<std::string> find() const {
    if (played_.memory_bytes != frozen_.memory_bytes) {
      return fmt::format("The memory has {} bytes instead of {}.", played_.memory_bytes,
                         frozen_.memory_bytes);
    }
    const auto numbers = [](const guest::Snapshot& s) {
      return std::tie(s.last_handle, s.last_run, s.rows);
    };
    const auto lines = [](const guest::Snapshot& s) {
      return std::tie(s.standard_output, s.standard_error);
    };
    const std::pair<bool, const char*> parts[] = {
        {played_.globals == frozen_.globals, "A global differs."},
        {numbers(played_) == numbers(frozen_), "The numbers of handles, runs or rows differ."},
        {played_.message == frozen_.message, "The message differs."},
        {played_.error_text == frozen_.error_text, "The sentence of the last error differs."},
        {lines(played_) == lines(frozen_), "A line that is not complete differs."},
        {played_.windows == frozen_.windows, "A window differs."},
        {played_.handles == frozen_.handles, "A handle differs."},
        {std::ranges::equal(played_.graphs, frozen_.graphs, same_graph), "A graph differs."},
    };
    for (const auto& [is_equal, sentence] : parts) {
      if (!is_equal) return std::string(sentence);
    }
    DW_TRY_ASSIGN(std::string in_states, find_in_states());
    if (!in_states.empty()) return in_states;
    return find_in_memory();
  }

 private:
  static bool same_graph(const guest::Snapshot::Graph& a, const guest::Snapshot::Graph& b) {
    return a.executable->program().encoded == b.executable->program().encoded &&
           a.windows == b.windows && a.states == b.states && a.registers == b.registers;
  }

  std::string find_in_memory() const {
    const auto a = played_.region->bytes(), b = frozen_.region->bytes();
    if (std::ranges::equal(a, b)) return {};
    const auto at = std::ranges::mismatch(a, b).in1 - a.begin();
    return fmt::format("The memory differs from byte {} on.", at);
  }

  Result<std::string> find_in_states() const {
    if (played_.states.size() != frozen_.states.size() ||
        played_.registers.size() != frozen_.registers.size()) {
      return std::string("There are other states.");
    }
    for (std::size_t n = 0; n < played_.states.size(); ++n) {
      const device::AppendState &a = *played_.states[n], &b = *frozen_.states[n];
      if (a.length_rows() != b.length_rows() || a.shape() != b.shape()) {
        return fmt::format("State {} has {} rows instead of {}.", n, a.length_rows(),
                           b.length_rows());
      }
      if (!std::ranges::equal(a.tokens(), b.tokens())) {
        return fmt::format("The tokens of state {} differ.", n);
      }
      std::vector<std::byte> of_a(a.block_bytes()), of_b(b.block_bytes());
      for (std::size_t i = 0; i < device::AppendState::blocks_of(a.length_rows()); ++i) {
        DW_TRY(a.read_block(i, of_a));
        DW_TRY(b.read_block(i, of_b));
        if (of_a != of_b) {
          return fmt::format("State {} differs between row {} and row {}.", n,
                             i * device::AppendState::kBlockRows,
                             (i + 1) * device::AppendState::kBlockRows);
        }
      }
    }
    for (std::size_t n = 0; n < played_.registers.size(); ++n) {
      const device::RegisterState &a = *played_.registers[n], &b = *frozen_.registers[n];
      if (a.value_bytes() != b.value_bytes()) return fmt::format("Register {} differs.", n);
      std::vector<std::byte> of_a(a.value_bytes()), of_b(b.value_bytes());
      DW_TRY(a.read(of_a));
      DW_TRY(b.read(of_b));
      if (of_a != of_b) return fmt::format("Register {} differs.", n);
    }
    return std::string();
  }

  const guest::Snapshot &played_, &frozen_;
};

}  // namespace

Result<Replay> replay(const frozen::File& file, guest::Services services,
                      std::shared_ptr<const guest::Module> module) {
  DW_TRY_ASSIGN(Thawed thawed, thaw(file, services, std::move(module)));
  DW_TRY_ASSIGN(const Snapshot frozen, thawed.actor->snapshot());
  DW_TRY_ASSIGN(auto inputs, guest::read_inputs(frozen.guest.inputs.bytes()));
  services.options_json = frozen.options_json;
  Player player(std::move(services), std::move(inputs));
  DW_TRY(player.play(frozen));
  DW_TRY_ASSIGN(const guest::Snapshot played, player.guest().snapshot());
  Replay replay{.calls = frozen.guest.calls, .difference = {}};
  DW_TRY_ASSIGN(replay.difference, Comparison(played, frozen.guest).find());
  return replay;
}

}  // namespace driftwood::actor
