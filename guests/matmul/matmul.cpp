// The published matrix product: fills two matrices of small integers in shared memory, has the
// device multiply them in place, and compares every element with an integer product made here.
//
// Message: {"seed": 1, "size": 128, "repeat": 1}. Record: {"elements":16384,"errors":0}.
#define JSON_NOEXCEPTION
#include <nlohmann/json.hpp>

#include "driftwood.hpp"

using namespace driftwood::sdk;
using nlohmann::json;

namespace {

struct Request {
  std::uint32_t seed = 1, size = 128, repeat = 1;
};

Result<Request> parse(const std::string& message) {
  Request request;
  const json object = json::parse(message, nullptr, false);
  if (!object.is_object()) return fail(DW_E_INVALID, "The message is not a JSON object.");
  for (const auto& [key, value] : object.items()) {
    std::uint32_t* field = key == "seed"     ? &request.seed
                           : key == "size"   ? &request.size
                           : key == "repeat" ? &request.repeat
                                             : nullptr;
    const std::uint64_t most = key == "size" ? 1024 : 1'000'000;
    if (field == nullptr) return fail(DW_E_INVALID, "The key \"" + key + "\" is not known.");
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < 1 ||
        value.get<std::uint64_t>() > most) {
      return fail(DW_E_INVALID, "\"" + key + "\" is " + value.dump() +
                                    ", not an integer from 1 to " + std::to_string(most) + ".");
    }
    *field = value.get<std::uint32_t>();
  }
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
    if (auto done = co_await graph->run({}); !done) co_return std::unexpected(done.error());
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
    if (!record) {
      record = json{{"type", "error"},
                    {"code", code_name(record.error().code)},
                    {"message", record.error().message}};
    }
    write_output(record->dump());
  }
  co_return Result<void>();
}

}  // namespace

DW_GUEST(run_guest)
