#include "guest/input_log.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/arithmetic.h"

namespace driftwood::guest {
namespace {

static_assert(std::endian::native == std::endian::little);

enum Kind : std::uint32_t { kMessage = 1, kRandom = 2, kTime = 3, kEvent = 4 };

struct RecordHead {
  std::uint32_t kind;
  std::uint32_t size_bytes;
};

struct EventHead {
  std::uint64_t call;
  std::int32_t event;
  std::int32_t status;
};

template <typename T>
T read_as(std::span<const std::byte> bytes) {
  std::array<std::byte, sizeof(T)> value;
  std::ranges::copy(bytes.first(sizeof(T)), value.begin());
  return std::bit_cast<T>(value);
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<Input> read_input(std::size_t index, const RecordHead& head,
                         std::span<const std::byte> payload) {
  const auto is_u64 = payload.size() == sizeof(std::uint64_t);
  switch (head.kind) {
    case kMessage:
      return InputMessage{text_of(payload)};
    case kRandom:
      if (is_u64) return InputRandom{read_as<std::uint64_t>(payload)};
      break;
    case kTime:
      if (is_u64) return InputTime{read_as<std::uint64_t>(payload)};
      break;
    case kEvent:
      if (payload.size() >= sizeof(EventHead)) {
        const auto event = read_as<EventHead>(payload);
        return InputEvent{event.call, event.event, event.status,
                          text_of(payload.subspan(sizeof(EventHead)))};
      }
      break;
    default:
      return fail(ErrorCode::corrupt,
                  "Record {} of the input log has the kind {}, which is unknown.", index,
                  head.kind);
  }
  return fail(ErrorCode::corrupt, "Record {} of the input log (kind {}) has {} bytes.", index,
              head.kind, payload.size());
}

}  // namespace

void InputLog::append(const void* from, std::size_t size_bytes) {
  const auto* bytes = static_cast<const std::byte*>(from);
  bytes_->insert(bytes_->end(), bytes, bytes + size_bytes);
}

void InputLog::begin(std::uint32_t kind, std::uint64_t size_bytes) {
  if (bytes_.use_count() > 1) bytes_ = std::make_shared<std::vector<std::byte>>(*bytes_);
  const RecordHead head = {kind, static_cast<std::uint32_t>(size_bytes)};
  append(&head, sizeof head);
}

void InputLog::message(std::string_view text) {
  begin(kMessage, text.size());
  append(text.data(), text.size());
}

void InputLog::random(std::uint64_t bits) {
  begin(kRandom, sizeof bits);
  append(&bits, sizeof bits);
}

void InputLog::time(std::uint64_t ns) {
  begin(kTime, sizeof ns);
  append(&ns, sizeof ns);
}

void InputLog::event(const InputEvent& event) {
  const EventHead head = {event.call, event.event, event.status};
  begin(kEvent, sizeof head + event.text.size());
  append(&head, sizeof head);
  append(event.text.data(), event.text.size());
}

namespace {

// Gives `take` one record after the other.
template <typename Take>
Result<void> for_each_input(std::span<const std::byte> bytes, const Take& take) {
  for (std::size_t index = 0; !bytes.empty(); ++index) {
    if (bytes.size() < sizeof(RecordHead)) {
      return fail(ErrorCode::corrupt, "The input log ends within the head of record {}.", index);
    }
    const auto head = read_as<RecordHead>(bytes);
    bytes = bytes.subspan(sizeof head);
    if (head.size_bytes > bytes.size()) {
      return fail(ErrorCode::corrupt,
                  "Record {} of the input log has {} bytes, but only {} follow.", index,
                  head.size_bytes, bytes.size());
    }
    DW_TRY_ASSIGN(auto input, read_input(index, head, bytes.first(head.size_bytes)));
    take(std::move(input));
    bytes = bytes.subspan(head.size_bytes);
  }
  return {};
}

}  // namespace

Result<void> check_inputs(std::span<const std::byte> bytes) {
  return for_each_input(bytes, [](Input) {});
}

Result<std::vector<Input>> read_inputs(std::span<const std::byte> bytes) {
  std::vector<Input> inputs;
  DW_TRY(for_each_input(bytes, [&](Input input) { inputs.push_back(std::move(input)); }));
  return inputs;
}

}  // namespace driftwood::guest
