// The bytes of an encoded program: decoded, and if they are valid, compiled and run.
#include "device/registry.h"
#include "support/program_fate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace driftwood;
  constexpr std::uint64_t kMostBytes = 1 << 18;  // a product of two such matrices takes no second
  static const auto device = device::open_device("cpu", {.thread_count = 1, .isa = ""}).value();
  static test::ProgramRunner runner(*device, kMostBytes);
  runner.fate_of({data, size});
  return 0;
}
