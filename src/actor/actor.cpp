#include "actor/actor.h"

#include <algorithm>
#include <utility>

#include "actor/scheduler.h"
#include "core/arithmetic.h"
#include "core/check.h"
#include "core/log.h"
#include "os/process.h"

namespace driftwood::actor {
namespace {

std::optional<std::uint64_t> left_of(std::optional<std::uint64_t> deadline_ns) {
  if (!deadline_ns) return std::nullopt;
  const std::uint64_t now_ns = os::monotonic_ns();
  return *deadline_ns > now_ns ? *deadline_ns - now_ns : 0;
}

// A sum that overflows is a time that never comes.
std::optional<std::uint64_t> deadline_in(std::optional<std::uint64_t> left_ns) {
  if (!left_ns) return std::nullopt;
  return checked_add(os::monotonic_ns(), *left_ns);
}

}  // namespace

using guest::Event;
using guest::Next;

Result<std::unique_ptr<Actor>> Actor::create(guest::Services services, const MakeGuest& make) {
  std::unique_ptr<Actor> actor(new Actor(std::move(services)));
  DW_TRY(actor->take_guest(make));
  return actor;
}

Result<std::unique_ptr<Actor>> Actor::create(guest::Services services,
                                             std::shared_ptr<const guest::Module> module) {
  return create(std::move(services), [&module](guest::Services own) {
    return guest::Guest::create(std::move(module), std::move(own));
  });
}

Result<std::unique_ptr<Actor>> Actor::restore(guest::Services services, const Snapshot& snapshot,
                                              const guest::Guest::Fill& fill) {
  std::unique_ptr<Actor> actor(new Actor(std::move(services)));
  actor->services_.options_json = snapshot.options_json;
  DW_TRY(actor->become(snapshot, fill));
  return actor;
}

Result<void> Actor::take_guest(const MakeGuest& make) {
  guest::Services own = services_;
  own.write_output = [this](std::string_view record) { write_output(record); };
  DW_TRY_ASSIGN(guest_, make(std::move(own)));
  guest_->set_watch([this] { return check_grace(); });
  return {};
}

Result<void> Actor::become(const Snapshot& snapshot, const guest::Guest::Fill& fill) {
  DW_TRY(take_guest([&](guest::Services own) {
    return guest::Guest::restore(snapshot.module, std::move(own), snapshot.guest, fill);
  }));
  started_ = snapshot.guest.started;
  next_ = snapshot.guest.finished ? Next::finished : snapshot.next;
  outcome_.reset();
  if (next_ == Next::run) outcome_ = snapshot.outcome;
  in_message_ = snapshot.in_message;
  end_told_ = snapshot.end_told;
  rested_ = !snapshot.in_message;
  deadline_ns_ = deadline_in(snapshot.left_ns);
  cancel_requested_ = snapshot.cancelled;
  grace_left_ns_ = kGraceNs;
  mailbox_.clear();
  for (const Snapshot::Message& message : snapshot.mailbox) {
    mailbox_.push_back({message.text, deadline_in(message.left_ns)});
  }
  output_ = OutputQueue::restore(snapshot.output_position, snapshot.output);
  return {};
}

Result<Snapshot> Actor::snapshot() const {
  if (failure_) return std::unexpected(*failure_);
  DW_TRY(check_between_steps("saved"));
  DW_CHECK(!wants_run());
  Snapshot snapshot;
  DW_TRY_ASSIGN(snapshot.guest, guest_->snapshot());
  snapshot.module = guest_->module();
  snapshot.options_json = services_.options_json;
  snapshot.next = next_;
  if (outcome_) snapshot.outcome = *outcome_;
  snapshot.in_message = in_message_;
  snapshot.end_told = end_told_;
  snapshot.cancelled = cancel_requested_;
  snapshot.left_ns = left_of(deadline_ns_);
  for (const Message& message : mailbox_) {
    snapshot.mailbox.push_back({message.text, left_of(message.deadline_ns)});
  }
  snapshot.output_position = output_.first_position();
  snapshot.output.assign(output_.records().begin(), output_.records().end());
  return snapshot;
}

Result<std::unique_ptr<Actor>> Actor::fork() const {
  DW_TRY_ASSIGN(Snapshot copy, snapshot());
  DW_TRY_ASSIGN(copy.guest, guest::fork(copy.guest));
  DW_TRY_ASSIGN(auto fork, restore(services_, copy, [&copy](memory::Region& region) {
                  return region.become_copy_of(*copy.guest.region, copy.guest.windows);
                }));
  fork->keep_turns(kept_turns_);
  return fork;
}

Result<Snapshot> Actor::lasting_snapshot() const {
  DW_TRY_ASSIGN(Snapshot copy, snapshot());
  DW_TRY_ASSIGN(copy.guest, guest::fork(copy.guest));
  DW_TRY_ASSIGN(auto region, memory::Region::reserve({.committed_bytes = copy.guest.memory_bytes,
                                                      .reserved_bytes = copy.guest.memory_bytes,
                                                      .guard_bytes = 0}));
  DW_TRY(region->become_copy_of(*copy.guest.region, copy.guest.windows));
  copy.guest.region = std::move(region);
  return copy;
}

Result<void> Actor::undo(std::uint32_t turns) {
  DW_TRY(check_between_steps("taken back"));
  if (turns == 0 || turns > turns_.size()) {
    return fail(ErrorCode::invalid_argument,
                "{} turns are to be taken back, but {} are kept of this actor.", turns,
                turns_.size());
  }
  Snapshot& turn = turns_[turns_.size() - turns];
  turn.cancelled = false;
  turn.mailbox.clear();
  turn.output.clear();
  turn.output_position = output_.first_position() + output_.records().size();
  DW_TRY(become(turn, [&turn](memory::Region& region) {
    return region.become_copy_of(*turn.guest.region, {});
  }));
  turns_.resize(turns_.size() - turns);
  failure_.reset();
  return {};
}

void Actor::send(std::string message, std::optional<std::uint64_t> timeout_ns) {
  not_hydrated_.reset();
  mailbox_.push_back({std::move(message), deadline_in(timeout_ns)});
}

Result<Status> Actor::run(const RecordSink& on_record, std::uint64_t most_steps) {
  Scheduler scheduler(*services_.device);
  Actor* const self = this;
  DW_TRY(check_between_steps("run"));
  not_hydrated_.reset();
  while (!output_.records().empty()) on_record(output_.pop());
  sink_ = &on_record;
  for (; most_steps > 0 && is_ready(); --most_steps) scheduler.step({&self, 1});
  sink_ = nullptr;
  return status();
}

void Actor::write_output(std::string_view record) {
  if (sink_ == nullptr) return output_.push(record);
  output_.pass();
  (*sink_)(record);
}

Result<Status> Actor::status() const {
  if (failure_) return std::unexpected(*failure_);
  if (not_hydrated_) return std::unexpected(*not_hydrated_);
  if (next_ == Next::finished) return Status::finished;
  return started_ && next_ == Next::idle && mailbox_.empty() ? Status::idle : Status::paused;
}

bool Actor::is_ready() const {
  if (failure_ || not_hydrated_ || next_ == Next::finished) return false;
  if (output_.waiting_bytes() >= kMostWaitingBytes) return false;
  if (output_.records().size() >= kMostWaitingRecords) return false;
  return !started_ || next_ != Next::idle || !mailbox_.empty();
}

void Actor::call() {
  DW_CHECK(!in_call_ && !wants_run());
  if (!hydrate()) return;
  if (kept_turns_ > 0 && started_ && next_ == Next::idle) keep_turn();
  in_call_ = true;
  const Result<Next> next = call_guest();
  in_call_ = false;
  if (grace_begin_ns_) {
    const std::uint64_t taken_ns = os::monotonic_ns() - *std::exchange(grace_begin_ns_, {});
    grace_left_ns_ -= std::min(grace_left_ns_, taken_ns);
  }
  outcome_.reset();
  if (!next) {
    failure_ = next.error();
    return;
  }
  next_ = *next;
  if (next_ == Next::idle) end_message();
}

void Actor::end_run(Result<void> outcome) {
  if (!outcome && outcome.error().code() == ErrorCode::device_lost) failure_ = outcome.error();
  outcome_ = std::move(outcome);
}

Result<Next> Actor::call_guest() {
  if (!std::exchange(started_, true)) {
    cancel_requested_ = false;
    return guest_->start();
  }
  switch (next_) {
    case Next::idle:
      return begin_message();
    case Next::proceed:
      return proceed();
    case Next::run:
      DW_TRY(check_grace());
      return guest_->resume(Event::run_done, *outcome_);
    case Next::finished:
      break;
  }
  DW_CHECK(false);
  return Next::finished;
}

Result<void> Actor::check_between_steps(std::string_view what) const {
  if (!in_call_) return {};
  return fail(ErrorCode::invalid_argument,
              "The actor cannot be {} within one of its steps: take the record, and do it when "
              "run() has returned.",
              what);
}

// A turn that cannot be kept makes the ones before it useless, since turns are counted.
void Actor::keep_turn() {
  auto turn = lasting_snapshot();
  if (!turn) {
    log::warning("The turns so far can no longer be taken back: {}", turn.error().message());
    return turns_.clear();
  }
  turns_.push_back(*std::move(turn));
  if (turns_.size() > kept_turns_) turns_.pop_front();
}

Result<Next> Actor::begin_message() {
  Message message = std::move(mailbox_.front());
  mailbox_.pop_front();
  if (std::exchange(rested_, false)) cancel_requested_ = false;
  in_message_ = true;
  deadline_ns_ = message.deadline_ns;
  guest_->set_message(std::move(message.text));
  return guest_->resume(Event::message);
}

Result<Next> Actor::proceed() {
  DW_TRY(check_grace());
  Event event = Event::proceed;
  if (const auto on = may_go_on(); !on && !std::exchange(end_told_, true)) {
    event = on.error().code() == ErrorCode::timeout ? Event::deadline : Event::cancel;
  }
  return guest_->resume(event);
}

void Actor::end_message() {
  // A cancellation that came while the guest started is meant for its first message.
  if (std::exchange(in_message_, false)) cancel_requested_ = false;
  rested_ = mailbox_.empty();
  grace_left_ns_ = kGraceNs;
  end_told_ = false;
}

std::optional<std::uint64_t> Actor::deadline_ns() const {
  if (in_message_) return deadline_ns_;
  return mailbox_.empty() ? std::nullopt : mailbox_.front().deadline_ns;
}

Result<void> Actor::may_go_on() const {
  if (cancel_requested_) return fail(ErrorCode::cancelled, "The owner asked to stop.");
  if (const auto deadline = deadline_ns(); deadline && os::monotonic_ns() >= *deadline) {
    return fail(ErrorCode::timeout, "The time for the message is over.");
  }
  return {};
}

// Only the guest's own calls count, so that one that shares the device with others has its time.
Result<void> Actor::check_grace() {
  const Result<void> on = may_go_on();
  if (on) return {};
  const std::uint64_t now_ns = os::monotonic_ns();
  if (!grace_begin_ns_) grace_begin_ns_ = now_ns;
  if (now_ns - *grace_begin_ns_ < grace_left_ns_) return {};
  return fail(on.error().code(), "{} The guest did not end its work within {} ms.",
              on.error().message(), kGraceNs / 1'000'000);
}

}  // namespace driftwood::actor
