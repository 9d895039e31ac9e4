#include "actor/scheduler.h"

#include <utility>

#include "graph/program.h"

namespace driftwood::actor {
namespace {

// How soon it is noticed while the device works that the work is to end.
constexpr std::uint64_t kEndPollNs = 20'000'000;

// Whether two runs of one executable can be one submission.
bool go_together(const guest::RunRequest& a, const guest::RunRequest& b) {
  if (a.executable != b.executable) return false;
  const graph::Program& program = a.executable->program();
  for (std::size_t i = 0; i < program.symbol_maxima.size(); ++i) {
    if (!program.symbol_is_rows[i] && a.sequence.symbols[i] != b.sequence.symbols[i]) return false;
  }
  return true;
}

}  // namespace

void Scheduler::step(std::span<Actor* const> actors) {
  asking_.clear();
  for (Actor* actor : actors) {
    if (!actor->is_ready()) continue;
    actor->call();
    if (!actor->wants_run()) continue;
    // Runs may be shorter than the poll below, so this is asked before each of them too.
    if (auto on = actor->may_go_on(); !on) {
      actor->end_run(std::move(on));
    } else {
      asking_.push_back(actor);
    }
  }
  while (!asking_.empty()) run_batch();
}

void Scheduler::run_batch() {
  batch_.clear();
  others_.clear();
  sequences_.clear();
  for (Actor* actor : asking_) {
    const bool fits =
        batch_.size() < device::Device::kMostSequences &&
        (batch_.empty() || go_together(batch_.front()->run_request(), actor->run_request()));
    (fits ? batch_ : others_).push_back(actor);
  }
  std::swap(asking_, others_);
  for (Actor* actor : batch_) sequences_.push_back(actor->take_sequence());

  const Result<void> outcome = submit_and_wait(0, batch_.size());
  if (outcome || batch_.size() == 1 || outcome.error().code() == ErrorCode::device_lost) {
    for (Actor* actor : batch_) actor->end_run(outcome);
    return;
  }
  // What one of them did is not the others' fault: nothing has changed, so each has its own try.
  for (std::size_t i = 0; i < batch_.size(); ++i) run_alone(i);
}

void Scheduler::run_alone(std::size_t index) {
  Actor& actor = *batch_[index];
  auto on = actor.may_go_on();
  actor.end_run(on ? submit_and_wait(index, 1) : std::move(on));
}

Result<void> Scheduler::submit_and_wait(std::size_t begin, std::size_t count) {
  DW_TRY_ASSIGN(const device::Serial serial,
                device_->submit(batch_[begin]->run_request().executable,
                                std::span(sequences_).subspan(begin, count)));
  return wait(serial, std::span(batch_).subspan(begin, count));
}

Result<void> Scheduler::wait(device::Serial serial, std::span<Actor* const> actors) {
  Result<void> on;
  while (true) {
    auto outcome = device_->wait(serial, kEndPollNs);
    if (outcome) return outcome;
    // The device knows that it was told to stop; the guest is to know why.
    if (outcome.error().code() == ErrorCode::cancelled && !on) return on;
    if (outcome.error().code() != ErrorCode::timeout) return outcome;
    for (const Actor* actor : actors) {
      on = actor->may_go_on();
      if (on) break;
    }
    if (!on) device_->cancel(serial);
  }
}

}  // namespace driftwood::actor
