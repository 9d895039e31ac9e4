// The llama guest's decoder, recorded natively, over the 20 reference cases of the TinyStories
// checkpoint: every logit of every position has the bits of tests/goldens/bits.txt with each
// instruction set, and is close to the CPU's on a GPU. It needs no WebAssembly, so it also runs
// where only the device is built.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "device/append_state.h"
#include "device/cpu/test_golden_bits.h"
#include "device/cpu/test_per_isa.h"
#include "device/test_support.h"
#include "format/safetensors.h"
#include "llama/program.h"
#include "os/file.h"
#include "support/devices.h"
#include "support/reference_data.h"

namespace driftwood::test {
namespace {

namespace llama = guests::llama;
using device::testing::Bytes;
using device::testing::must;
using nlohmann::json;

// Weights of a safetensors file in memory.
class FileWeights final : public device::WeightSource {
 public:
  explicit FileWeights(const std::string& path)
      : bytes_(must(os::read_file(path, std::uint64_t{1} << 30))),
        tensors_(must(format::Safetensors::parse(std::as_bytes(std::span(bytes_))))) {}

  Result<tensor::View> find(std::string_view name) const override {
    if (const tensor::View* view = tensors_.find(name)) return *view;
    return fail(ErrorCode::not_found, "There is no weight \"{}\".", name);
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> all;
    for (const auto& [name, weight] : tensors_.tensors()) all.push_back(name);
    return all;
  }

 private:
  std::string bytes_;
  format::Safetensors tensors_;
};

sdk::Result<dw_weight_info> describe(const FileWeights& weights, std::string_view name) {
  const auto view = weights.find(name);
  if (!view) return sdk::fail(DW_E_NOT_FOUND, view.error().message());
  dw_weight_info info = {
      static_cast<std::uint32_t>(view->dtype), static_cast<std::uint32_t>(view->shape.size()), {}};
  std::ranges::transform(view->shape, info.dims,
                         [](std::uint64_t dim) { return static_cast<std::uint32_t>(dim); });
  return info;
}

template <typename T>
T must_sdk(sdk::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

// The decoder and its head on one device.
class Decoder {
 public:
  Decoder(const std::string& folder, std::unique_ptr<device::Device> device)
      : device_(std::move(device)),
        source_(std::make_shared<FileWeights>(folder + "/model.safetensors")),
        config_(
            must_sdk(llama::parse_config(must(os::read_file(folder + "/config.json", 1 << 20))))) {
    const llama::Weights weights = must_sdk(llama::check_weights(
        config_, [this](std::string_view name) { return describe(*source_, name); }));
    decoder_ = llama::record_decoder(config_, weights, sdk::DType::f32);
    head_ = llama::record_head(config_, weights);
    decoder_run_ = must(device_->compile(device::testing::decode(decoder_.program), source_));
    head_run_ = must(device_->compile(device::testing::decode(head_.program), source_));
  }

  // All logits after each of the ids.
  std::vector<Bytes> logits(const std::vector<std::int32_t>& ids) {
    const auto& slot = decoder_run_->program().states[0];
    const auto state = must(device::AppendState::create(
        *device_, {slot.dtype, slot.plane_count, slot.head_count, slot.head_dim, 4096}));
    std::vector<Bytes> logits;
    for (std::size_t begin = 0; begin < ids.size(); begin += llama::kMostLogitRows) {
      const std::size_t count = std::min<std::size_t>(llama::kMostLogitRows, ids.size() - begin);
      const Bytes hidden = run_piece(ids, begin, count, *state);
      const std::size_t row_bytes = hidden.size() / count;
      for (std::size_t r = 0; r < count; ++r) {
        const auto first = hidden.begin() + static_cast<std::ptrdiff_t>(r * row_bytes);
        const Bytes row(first, first + static_cast<std::ptrdiff_t>(row_bytes));
        logits.push_back(run_head(row));
      }
    }
    return logits;
  }

 private:
  Bytes run_piece(const std::vector<std::int32_t>& ids, std::size_t begin, std::size_t count,
                  device::AppendState& state) {
    const auto rows = static_cast<std::uint32_t>(count);
    std::vector<device::testing::SequenceData> run = {
        device::testing::make_sequence(decoder_run_->program(), {rows, rows})};
    const auto window = [&](sdk::Tensor tensor) -> Bytes& {
      return run[0].windows[decoder_.program.slot(tensor)];
    };
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    std::vector<std::int32_t> counted(count);
    std::iota(counted.begin(), counted.end(), 0);
    window(decoder_.ids) = device::testing::bytes_of(
        std::vector<std::int32_t>(first, first + static_cast<std::ptrdiff_t>(count)));
    window(decoder_.rows) = device::testing::bytes_of(counted);
    std::iota(counted.begin(), counted.end(), static_cast<std::int32_t>(begin));
    window(decoder_.positions) = device::testing::bytes_of(counted);
    window(decoder_.frequencies) = device::testing::bytes_of(llama::inverse_frequencies(config_));
    run[0].states = {&state};
    must(device::testing::run(*device_, decoder_run_, run));
    return window(decoder_.hidden);
  }

  Bytes run_head(const Bytes& hidden) {
    std::vector<device::testing::SequenceData> run = {
        device::testing::make_sequence(head_run_->program(), {})};
    run[0].windows[head_.program.slot(head_.hidden)] = hidden;
    must(device::testing::run(*device_, head_run_, run));
    return run[0].windows[head_.program.slot(head_.logits)];
  }

  std::unique_ptr<device::Device> device_;
  std::shared_ptr<const FileWeights> source_;
  llama::Config config_;
  llama::DecoderProgram decoder_ = {};
  llama::HeadProgram head_ = {};
  std::shared_ptr<const device::Executable> decoder_run_, head_run_;
};

// The tokens of each reference case, prompt and greedy continuation.
std::vector<std::vector<std::int32_t>> reference_ids(const std::string& folder) {
  const json cases = json::parse(std::ifstream(folder + "/reference-logits.json"))["cases"];
  std::vector<std::vector<std::int32_t>> all;
  for (const json& one : cases) {
    std::vector<std::int32_t> ids = one["prompt_ids"];
    const std::vector<std::int32_t> greedy = one["greedy_ids"];
    ids.insert(ids.end(), greedy.begin(), greedy.end());
    all.push_back(std::move(ids));
  }
  EXPECT_EQ(all.size(), 20u);
  return all;
}

using DecoderBits = device::testing::PerIsa;
INSTANTIATE_TEST_SUITE_P(, DecoderBits, device::testing::kEveryIsa, device::testing::isa_name);

TEST_P(DecoderBits, every_logit_of_the_reference_cases_has_its_bits) {
  const std::string folder = reference_folder("tinystories-656K");
  DW_NEED_DATA(folder);
  const std::string isa(device::cpu::name(GetParam()));
  Decoder decoder(folder, must(device::open_device("cpu", {.thread_count = 2, .isa = isa})));
  const auto ids = reference_ids(folder);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::uint64_t hash = kHashOfNothing;
    for (const Bytes& logits : decoder.logits(ids[i])) hash = fnv1a(logits, hash);
    device::testing::expect_golden_bits("reference_case/" + std::to_string(i), hash);
  }
}

class DecoderLogits : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(On, DecoderLogits, testing::Values("vulkan"), device_kind);

TEST_P(DecoderLogits, every_logit_of_the_reference_cases_is_close_to_the_cpus) {
  constexpr double kTolerance = 1e-3;
  DW_NEED_DEVICE(GetParam());
  const std::string folder = reference_folder("tinystories-656K");
  DW_NEED_DATA(folder);
  Decoder cpu(folder, open_device_of_kind("cpu"));
  Decoder gpu(folder, open_device_of_kind(GetParam()));
  double furthest = 0;
  for (const auto& ids : reference_ids(folder)) {
    const auto wanted = cpu.logits(ids), given = gpu.logits(ids);
    ASSERT_EQ(given.size(), ids.size());
    for (std::size_t position = 0; position < ids.size(); ++position) {
      const auto expected = device::testing::values_of<float>(wanted[position]);
      const auto found = device::testing::values_of<float>(given[position]);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t id = 0; id < expected.size(); ++id) {
        const double distance = std::abs(double{found[id]} - double{expected[id]});
        ASSERT_LE(distance, kTolerance) << "position " << position << ", id " << id;
        furthest = std::max(furthest, distance);
      }
    }
  }
  RecordProperty("furthest", std::to_string(furthest));
}

}  // namespace
}  // namespace driftwood::test
