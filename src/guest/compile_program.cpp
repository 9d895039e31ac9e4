#include "guest/compile_program.h"

#include "graph/program.h"
#include "guest/log_lines.h"

namespace driftwood::guest {
namespace {

// The weights of a program that uses none. One object, so that equal programs are known to be
// equal.
class NoWeights : public device::WeightSource {
 public:
  Result<tensor::View> find(std::string_view name) const override {
    return fail(ErrorCode::not_found, "The program names the weight {}, but was given no model.",
                printable(name, kMostNameBytes));
  }
  std::vector<std::string> names() const override { return {}; }
};

std::shared_ptr<const device::WeightSource> no_weights() {
  static const auto kNone = std::make_shared<const NoWeights>();
  return kNone;
}

}  // namespace

Result<std::shared_ptr<const device::Executable>> compile_program(
    device::Device& device, const model::Model* model, std::span<const std::byte> encoded) {
  const auto weights = model == nullptr ? no_weights() : model->weights;
  if (auto known = device.find_compiled(encoded, weights.get())) return known;
  DW_TRY_ASSIGN(auto program, graph::decode_program(encoded));
  return device.compile(std::move(program), weights);
}

bool uses_model(const device::Executable& executable, const model::Model* model) {
  return model != nullptr && executable.weights() == model->weights.get();
}

}  // namespace driftwood::guest
