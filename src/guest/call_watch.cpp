#include "guest/call_watch.h"

#include "os/process.h"

namespace driftwood::guest {

void CallWatch::begin() {
  interrupted_ = false;
  begin_cpu_ns_.reset();
  ending_.reset();
}

const std::optional<Error>& CallWatch::check() {
  if (const Result<void> judged = judge(); !judged) ending_ = judged.error();
  return ending_;
}

Result<void> CallWatch::judge() {
  if (interrupted_) return fail(ErrorCode::guest_failed, "it was interrupted");
  // The thread's own time: neither a busy machine nor a reader who lets output wait ends a guest.
  const std::uint64_t now_ns = os::thread_cpu_ns();
  if (!begin_cpu_ns_) begin_cpu_ns_ = now_ns;
  if (now_ns - *begin_cpu_ns_ >= call_ns_) {
    return fail(ErrorCode::guest_failed, "it computed longer than one call of a guest may ({} ms)",
                call_ns_ / 1'000'000);
  }
  return owner ? owner() : Result<void>();
}

}  // namespace driftwood::guest
