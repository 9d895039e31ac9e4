#include "device/window_overlap.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace driftwood::device {
namespace {

// Two buffers may be the same memory of the host; those that the host cannot reach are apart.
BoundWindow locate(const BufferPlace& place, std::uint64_t size_bytes) {
  const std::byte* const contents = place.buffer->contents();
  const std::uint64_t begin =
      (contents == nullptr ? 0 : reinterpret_cast<std::uintptr_t>(contents)) + place.offset_bytes;
  return {.buffer = contents == nullptr ? place.buffer : nullptr,
          .begin = begin,
          .end = begin + size_bytes};
}

Result<void> refuse(const BoundWindow& a, const BoundWindow& b) {
  const auto& [written, other] = a.written ? std::tie(a, b) : std::tie(b, a);
  return fail(ErrorCode::invalid_argument,
              "Window slot {} of sequence {} is written by the program, but shares bytes with "
              "window slot {} of sequence {}.",
              written.slot, written.sequence, other.slot, other.sequence);
}

}  // namespace

Result<void> check_overlap(const graph::Program& program, std::span<const Sequence> sequences,
                           std::vector<BoundWindow>& windows) {
  windows.clear();
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    for (std::size_t slot = 0; slot < program.windows.size(); ++slot) {
      const graph::WindowSlot& wanted = program.windows[slot];
      BoundWindow window = locate(sequences[s].windows[slot],
                                  program.tensor_bytes(wanted.tensor, sequences[s].symbols));
      if (window.begin == window.end) continue;
      window.written = wanted.written;
      window.sequence = static_cast<std::uint32_t>(s);
      window.slot = static_cast<std::uint32_t>(slot);
      windows.push_back(window);
    }
  }
  std::ranges::sort(windows, std::less(),
                    [](const BoundWindow& w) { return std::pair(w.buffer, w.begin); });

  // Among those before `window`, the ones that reach furthest.
  const BoundWindow* furthest = nullptr;
  const BoundWindow* furthest_written = nullptr;
  for (const BoundWindow& window : windows) {
    const auto reaches = [&](const BoundWindow* before) {
      return before != nullptr && before->buffer == window.buffer && before->end > window.begin;
    };
    if (window.written && reaches(furthest)) return refuse(window, *furthest);
    if (reaches(furthest_written)) return refuse(*furthest_written, window);
    const auto is_further = [&](const BoundWindow* before) {
      return before == nullptr || before->buffer != window.buffer || before->end < window.end;
    };
    if (is_further(furthest)) furthest = &window;
    if (window.written && is_further(furthest_written)) furthest_written = &window;
  }
  return {};
}

}  // namespace driftwood::device
