#include "runtime/claimed_model.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/program.h"

namespace driftwood {
namespace {

class ClaimedWeights : public device::WeightSource {
 public:
  // Programs that take one weight in two ways are found when the second one is compiled.
  void claim(const graph::Program& program) {
    for (const graph::Tensor& tensor : program.tensors) {
      if (tensor.place != ops::Place::weight) continue;
      tensor::View view{.dtype = tensor.dtype, .shape = {}, .bytes = {}};
      for (const tensor::Dim& dim : tensor.shape.span()) view.shape.push_back(dim.factor);
      claims_.try_emplace(tensor.weight_name, std::move(view));
    }
  }

  Result<tensor::View> find(std::string_view name) const override {
    const auto found = claims_.find(name);
    if (found != claims_.end()) return found->second;
    return fail(ErrorCode::not_found, "No program of the file names the weight \"{}\".", name);
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : claims_) names.push_back(name);
    return names;
  }

 private:
  std::map<std::string, tensor::View, std::less<>> claims_;
};

}  // namespace

Result<std::shared_ptr<const model::Model>> claimed_model(const actor::frozen::File& file) {
  auto weights = std::make_shared<ClaimedWeights>();
  for (std::uint32_t n = 0; n < file.descriptor().programs; ++n) {
    const std::string name = fmt::format("program.{}", n);
    DW_TRY_ASSIGN(const auto* tensor, file.require(name, tensor::DType::u8, 1));
    DW_TRY_ASSIGN(const auto encoded, file.read_all(*tensor));
    auto program = graph::decode_program(encoded);
    if (!program) return pass_on(program, name);
    weights->claim(**program);
  }
  if (!file.descriptor().model) return nullptr;
  auto model = std::make_shared<model::Model>();
  model->name = "the model of the file";
  model->config_json = model->generation_config_json = "{}";
  model->weights = std::move(weights);
  return model;
}

}  // namespace driftwood
