// The published matrix product: fills two matrices of small integers in shared memory, has the
// device multiply them in place, and compares every element with an integer product made here.
//
// Message: {"seed": 1, "size": 128, "repeat": 1}. Record: {"elements":16384,"errors":0}.
#include "driftwood.hpp"
#include "json.h"

using namespace driftwood::sdk;
using driftwood::guests::error_record;
using driftwood::guests::json;
using driftwood::guests::ObjectReader;

namespace {

struct Request {
  std::uint32_t seed, size, repeat;
};

Result<Request> parse(const std::string& message) {
  const json object = json::parse(message, nullptr, false);
  if (!object.is_object()) return fail(DW_E_INVALID, "The message is not a JSON object.");
  ObjectReader reader(object, "The message");
  for (const auto& [key, value] : object.items()) {
    if (key != "seed" && key != "size" && key != "repeat") {
      reader.fault(DW_E_INVALID, "The message has the key \"" + key + "\", which is not known.");
    }
  }
  const Request request = {static_cast<std::uint32_t>(reader.integer("seed", 0, 1'000'000, 1)),
                           static_cast<std::uint32_t>(reader.integer("size", 1, 1024, 128)),
                           static_cast<std::uint32_t>(reader.integer("repeat", 1, 1'000'000, 1))};
  if (reader.error()) return std::unexpected(*reader.error());
  return request;
}

Task<Result<json>> multiply(Request request) {
  const std::uint32_t n = request.size;
  auto memory = SharedBuffer::create(3 * SharedBuffer::bytes_for<float>(n * n));
  if (!memory) co_return std::unexpected(memory.error());
  const auto a = memory->take<float>(n * n);
  const auto b = memory->take<float>(n * n);
  const auto c = memory->take<float>(n * n);
  std::uint32_t random = request.seed;
  auto small_integer = [&] {  // from -8 to 7, so that every sum is exact in f32
    random = random * 1664525 + 1013904223;
    return static_cast<float>(static_cast<std::int32_t>(random >> 28) - 8);
  };
  std::generate(a.elements.begin(), a.elements.end(), small_integer);
  std::generate(b.elements.begin(), b.elements.end(), small_integer);

  Program program;
  const Tensor left = program.window(DType::f32, {n, n});
  const Tensor right = program.window(DType::f32, {n, n});
  const Tensor product = program.window(DType::f32, {n, n});
  program.matmul(left, right, product);
  auto graph = Graph::compile(nullptr, program);
  if (!graph) co_return std::unexpected(graph.error());
  for (auto [tensor, place] : {std::pair(left, a), std::pair(right, b), std::pair(product, c)}) {
    if (auto bound = graph->bind(program.slot(tensor), place); !bound) {
      co_return std::unexpected(bound.error());
    }
  }
  for (std::uint32_t i = 0; i < request.repeat; ++i) {
    if (auto done = co_await graph->run(); !done) co_return std::unexpected(done.error());
  }

  std::uint32_t errors = 0;
  for (std::uint32_t row = 0; row < n; ++row) {
    for (std::uint32_t column = 0; column < n; ++column) {
      std::int32_t sum = 0;
      for (std::uint32_t k = 0; k < n; ++k) {
        sum += static_cast<std::int32_t>(a[row * n + k]) *
               static_cast<std::int32_t>(b[k * n + column]);
      }
      errors += c[row * n + column] != static_cast<float>(sum);
    }
  }
  co_return json{{"elements", n * n}, {"errors", errors}};
}

Task<Result<void>> run_guest() {
  while (auto message = co_await next_message()) {
    auto request = parse(*message);
    auto record = request ? co_await multiply(*request) : std::unexpected(request.error());
    write_output(record ? record->dump() : error_record(record.error()));
  }
  co_return Result<void>();
}

}  // namespace

DW_GUEST(run_guest)
