#include "actor/actor.h"

#include <utility>

namespace driftwood::actor {
namespace {

// How soon a cancellation is noticed while the device works.
constexpr std::uint64_t kCancelPollNs = 20'000'000;

}  // namespace

using guest::Event;
using guest::Next;

Result<Status> Actor::run() {
  if (failure_) return std::unexpected(*failure_);
  if (!in_message_) cancel_requested_ = false;
  auto status = work();
  if (!status) failure_ = status.error();
  return status;
}

Result<Status> Actor::work() {
  if (!started_) {
    started_ = true;
    DW_TRY_ASSIGN(next_, guest_->start());
  }
  while (true) {
    switch (next_) {
      case Next::finished:
        return Status::finished;
      case Next::idle: {
        // A cancellation that came while the guest started is meant for its first message.
        if (std::exchange(in_message_, false)) cancel_requested_ = false;
        if (mailbox_.empty()) return Status::idle;
        in_message_ = true;
        guest_->set_message(std::move(mailbox_.front()));
        mailbox_.pop_front();
        DW_TRY_ASSIGN(next_, guest_->resume(Event::message));
        break;
      }
      case Next::proceed: {
        const Event event = cancel_requested_.exchange(false) ? Event::cancel : Event::proceed;
        DW_TRY_ASSIGN(next_, guest_->resume(event));
        break;
      }
      case Next::run: {
        DW_TRY_ASSIGN(next_, do_run());
        break;
      }
    }
  }
}

Result<Next> Actor::do_run() {
  const guest::RunRequest& request = *guest_->run();
  // Runs may be shorter than the poll below, so this is asked before each of them too.
  if (cancel_requested_) {
    return guest_->resume(Event::run_done, fail(ErrorCode::cancelled, "The owner asked to stop."));
  }
  auto serial = device_->submit(request.executable, {&request.sequence, 1});
  const Result<void> outcome = serial ? wait(*serial) : pass_on(serial);
  if (!outcome && outcome.error().code() == ErrorCode::device_lost) return pass_on(outcome);
  return guest_->resume(Event::run_done, outcome);
}

Result<void> Actor::wait(device::Serial serial) {
  while (true) {
    auto outcome = device_->wait(serial, kCancelPollNs);
    if (outcome || outcome.error().code() != ErrorCode::timeout) return outcome;
    if (cancel_requested_) device_->cancel(serial);
  }
}

}  // namespace driftwood::actor
