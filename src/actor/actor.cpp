#include "actor/actor.h"

#include <utility>

#include "core/arithmetic.h"
#include "os/process.h"

namespace driftwood::actor {
namespace {

// How soon it is noticed while the device works that the work is to end.
constexpr std::uint64_t kEndPollNs = 20'000'000;

}  // namespace

using guest::Event;
using guest::Next;

Actor::Actor(device::Device& device, std::unique_ptr<guest::Guest> guest)
    : device_(&device), guest_(std::move(guest)) {
  guest_->set_watch([this] { return check_grace(); });
}

void Actor::send(std::string message, std::optional<std::uint64_t> timeout_ns) {
  std::optional<std::uint64_t> deadline_ns;
  if (timeout_ns) {
    // A sum that overflows is a time that never comes.
    deadline_ns = checked_add(os::monotonic_ns(), *timeout_ns);
  }
  mailbox_.push_back({std::move(message), deadline_ns});
}

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
        end_message();
        if (mailbox_.empty()) return Status::idle;
        DW_TRY_ASSIGN(next_, begin_message());
        break;
      }
      case Next::proceed: {
        DW_TRY(check_grace());
        Event event = Event::proceed;
        if (const auto on = may_go_on(); !on && !std::exchange(end_told_, true)) {
          event = on.error().code() == ErrorCode::timeout ? Event::deadline : Event::cancel;
        }
        DW_TRY_ASSIGN(next_, guest_->resume(event));
        break;
      }
      case Next::run: {
        DW_TRY(check_grace());
        DW_TRY_ASSIGN(next_, do_run());
        break;
      }
    }
  }
}

Result<Next> Actor::begin_message() {
  Message message = std::move(mailbox_.front());
  mailbox_.pop_front();
  in_message_ = true;
  deadline_ns_ = message.deadline_ns;
  guest_->set_message(std::move(message.text));
  return guest_->resume(Event::message);
}

void Actor::end_message() {
  // A cancellation that came while the guest started is meant for its first message.
  if (std::exchange(in_message_, false)) cancel_requested_ = false;
  grace_ends_ns_.reset();
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

Result<void> Actor::check_grace() {
  const Result<void> on = may_go_on();
  if (on) return {};
  const std::uint64_t now_ns = os::monotonic_ns();
  if (!grace_ends_ns_) grace_ends_ns_ = now_ns + kGraceNs;
  if (now_ns < *grace_ends_ns_) return {};
  return fail(on.error().code(), "{} The guest did not end its work within {} ms.",
              on.error().message(), kGraceNs / 1'000'000);
}

Result<Next> Actor::do_run() {
  // Runs may be shorter than the poll below, so this is asked before each of them too.
  if (const auto on = may_go_on(); !on) return guest_->resume(Event::run_done, on);
  const guest::RunRequest& request = *guest_->run();
  auto serial = device_->submit(request.executable, {&request.sequence, 1});
  const Result<void> outcome = serial ? wait(*serial) : pass_on(serial);
  if (!outcome && outcome.error().code() == ErrorCode::device_lost) return pass_on(outcome);
  return guest_->resume(Event::run_done, outcome);
}

Result<void> Actor::wait(device::Serial serial) {
  Result<void> on;
  while (true) {
    auto outcome = device_->wait(serial, kEndPollNs);
    if (outcome) return outcome;
    // The device knows that it was told to stop; the guest is to know why.
    if (outcome.error().code() == ErrorCode::cancelled && !on) return on;
    if (outcome.error().code() != ErrorCode::timeout) return outcome;
    on = may_go_on();
    if (!on) device_->cancel(serial);
  }
}

}  // namespace driftwood::actor
