// A guest: doubles the numbers of each message on the device.
//
//   driftwood run --guest doubler.wasm --input numbers.txt
#include <cstdlib>

#include "driftwood.hpp"

using namespace driftwood::sdk;

namespace {

constexpr std::uint32_t kMostNumbers = 1024;

Task<Result<void>> run_guest() {
  // Memory that the device works on in place, shared once.
  auto memory = SharedBuffer::create(2 * SharedBuffer::bytes_for<float>(kMostNumbers));
  if (!memory) co_return std::unexpected(memory.error());
  const auto x = memory->take<float>(kMostNumbers);
  const auto y = memory->take<float>(kMostNumbers);

  // The computation, recorded and compiled once; how many numbers there are may differ each time.
  Program program;
  const Symbol count = program.symbol(kMostNumbers);
  const Tensor in = program.window(DType::f32, {count});
  const Tensor out = program.window(DType::f32, {count});
  program.add(in, in, out);
  auto graph = Graph::compile(nullptr, program);
  if (!graph) co_return std::unexpected(graph.error());
  if (auto done = graph->bind(program.slot(in), x); !done) co_return done;
  if (auto done = graph->bind(program.slot(out), y); !done) co_return done;

  // For each message: write the input, run, read the output. Nothing is copied.
  while (auto message = co_await next_message()) {
    std::uint32_t numbers = 0;
    for (char *at = message->data(), *end; numbers < kMostNumbers; at = end) {
      const float number = std::strtof(at, &end);
      if (end == at) break;
      x[numbers++] = number;
    }
    if (auto done = co_await graph->run(numbers); !done) co_return done;
    for (std::uint32_t i = 0; i < numbers; ++i) {
      write_output(R"({"type":"text","text":")" + std::to_string(y[i]) + "\\n\"}");
    }
    write_output(R"({"type":"done","reason":"stop"})");
  }
  co_return Result<void>();
}

}  // namespace

DW_GUEST(run_guest)
