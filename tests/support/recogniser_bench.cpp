#include "support/recogniser_bench.h"

#include <cmath>
#include <set>

#include "device/test_support.h"
#include "driftwood.h"
#include "runtime/builtin_guests.h"
#include "runtime/handles.h"

namespace driftwood::test {
namespace {

using device::testing::Bytes;
using device::testing::must;

constexpr std::uint64_t kWaitNs = 60'000'000'000;

// The weights that a program names, small enough for what they are summed over that numbers neither
// vanish nor grow without end.
std::shared_ptr<const model::Model> random_model(const sdk::Program& recorded) {
  device::testing::Random random(20);
  auto weights = std::make_shared<device::testing::MemoryWeights>();
  const auto program = device::testing::decode(recorded);
  for (const graph::Tensor& tensor : program->tensors) {
    if (tensor.place != ops::Place::weight) continue;
    tensor::Shape shape;
    std::size_t count = 1;
    for (const tensor::Dim& dim : tensor.shape.span()) {
      shape.push_back(dim.factor);
      count *= dim.factor;
    }
    auto values = random.floats(
        count, 2 / std::sqrt(static_cast<float>(count) / static_cast<float>(shape[0])));
    const bool is_variance = tensor.weight_name.ends_with("running_var");
    if (is_variance) std::ranges::transform(values, values.begin(), [](float x) { return x * x; });
    weights->add(tensor.weight_name, tensor.dtype, shape, values);
  }
  auto model = std::make_shared<model::Model>();
  model->config_json = model->generation_config_json = "{}";
  model->weights = std::move(weights);
  return model;
}

struct Answer {
  std::vector<std::string> records;
  std::vector<Bytes> outputs;  // the windows that each run wrote
};

class Bench {
 public:
  template <typename MakeGuest>  // Result<std::unique_ptr<Guest>>(Services)
  Bench(std::shared_ptr<const model::Model> model, MakeGuest make) {
    auto given = services(*device_, std::move(model), {});
    given.write_output = [this](std::string_view record) { answer_.records.emplace_back(record); };
    guest_ = must(make(std::move(given)));
    must(guest_->start());
  }

  Answer ask(const std::string& message) {
    guest_->set_message(message);
    auto next = must(guest_->resume(guest::Event::message));
    while (next != guest::Next::idle) {
      EXPECT_EQ(next, guest::Next::run);
      const guest::RunRequest& run = *guest_->run();
      const auto serial = must(device_->submit(run.executable, {&run.sequence, 1}));
      must(device_->wait(serial, kWaitNs));
      keep_outputs(run);
      next = must(guest_->resume(guest::Event::run_done));
    }
    return std::exchange(answer_, {});
  }

 private:
  void keep_outputs(const guest::RunRequest& run) {
    const graph::Program& program = run.executable->program();
    for (std::size_t slot = 0; slot < program.windows.size(); ++slot) {
      if (!program.windows[slot].written) continue;
      const auto& [buffer, offset] = run.sequence.windows[slot];
      const std::byte* const first = buffer->contents() + offset;
      const auto bytes = program.tensor_bytes(program.windows[slot].tensor, run.sequence.symbols);
      answer_.outputs.emplace_back(first, first + bytes);
    }
  }

  std::unique_ptr<device::Device> device_ =
      must(device::open_device("cpu", {.thread_count = 2, .isa = ""}));
  Answer answer_;
  std::unique_ptr<guest::Guest> guest_;
};

}  // namespace

void expect_the_same_natively(const std::string& name, const sdk::Program& program,
                              const std::vector<std::string>& messages) {
  const auto model = random_model(program);
  Bench wasm(model, [&](guest::Services services) {
    const auto bytes = must(builtin_guest_bytes(name));
    return guest::Guest::create(must(guest::Module::compile(must(guest::Engine::create()), bytes)),
                                std::move(services));
  });
  Bench native(model, [](guest::Services services) {
    return guest::Guest::create_native({driftwood_start, driftwood_resume}, std::move(services));
  });
  std::set<Bytes> different;
  for (const std::string& message : messages) {
    const Answer expected = wasm.ask(message), answer = native.ask(message);
    EXPECT_FALSE(expected.records.empty());
    EXPECT_EQ(answer.records, expected.records);
    EXPECT_TRUE(answer.outputs == expected.outputs);
    different.insert(expected.outputs.begin(), expected.outputs.end());
  }
  EXPECT_GT(different.size(), 2u) << "the weights tell nothing apart";
}

}  // namespace driftwood::test
