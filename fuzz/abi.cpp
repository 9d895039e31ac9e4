// Calls of imports from a real guest (interpreter.cpp), with any arguments, in any order; runs that
// come of it are done on the cpu device.
#include "core/check.h"
#include "host.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace driftwood;
  static const fuzz::Host host;
  const auto actor = actor::Actor::create(host.services(), host.module);
  DW_CHECK(actor);
  const std::string message(reinterpret_cast<const char*>(data), size);
  (*actor)->send(message);
  (*actor)->send(message);  // the second time with what the first one left behind
  const auto status = (*actor)->run([](std::string_view record) {
    std::size_t sum = 0;  // reads all of it
    for (const char c : record) sum += static_cast<unsigned char>(c);
    DW_CHECK(sum <= record.size() * 255);
  });
  DW_CHECK(status || status.error().code() == ErrorCode::guest_failed);
  return 0;
}
