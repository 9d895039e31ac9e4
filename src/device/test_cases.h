// The cases that every device computes and every instruction set repeats: op x dtype x shape, with
// inputs that are the same on every machine. conformance_test.cpp holds devices to the references
// with them, cpu/bits_test.cpp the CPU to its bits.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "device/test_support.h"

namespace driftwood::device::testing {

inline constexpr tensor::DType kWeightDTypes[] = {tensor::DType::f32, tensor::DType::bf16,
                                                  tensor::DType::f16};

inline sdk::DType sdk_dtype(tensor::DType dtype) {
  return static_cast<sdk::DType>(dtype);
}

// The program, its weights, and the sequences that run together from empty states.
struct ConformanceCase {
  std::string name = {};  // "linear/bf16/37x200"
  sdk::Program program = {};
  std::shared_ptr<MemoryWeights> weights = std::make_shared<MemoryWeights>();
  std::vector<SequenceData> sequences = {};
  tensor::DType dtype = tensor::DType::f32;  // of weights and states
};

// The cases of one op, by its name; those of attention are those of append_rows too.
std::vector<ConformanceCase> cases_of(std::string_view op);

struct AttentionShape {
  std::uint32_t query_heads, heads, width;
};

// append_rows of keys and values, then attention, from an empty state.
ConformanceCase attention_case(tensor::DType dtype, AttentionShape shape,
                               std::initializer_list<std::uint32_t> rows);
ConformanceCase gather_rows_case(tensor::DType dtype, std::uint32_t width, bool from_window,
                                 std::initializer_list<std::uint32_t> rows);
ConformanceCase select_rows_case(std::uint32_t width);
ConformanceCase top_logits_case(std::uint32_t width, std::uint32_t best, std::uint32_t given,
                                std::initializer_list<std::uint32_t> rows);

// Makes a case whose only symbol counts rows: what its functions give goes into `program`, and
// sequences() fills their windows.
class CaseMaker {
 public:
  // The name is op/dtype/detail, or op/detail for an op without weights.
  CaseMaker(const std::string& op, const std::string& detail)
      : CaseMaker(op + "/" + detail, tensor::DType::f32, 0) {}
  CaseMaker(const std::string& op, tensor::DType dtype, const std::string& detail)
      : CaseMaker(op + "/" + std::string(tensor::name(dtype)) + "/" + detail, dtype, 0) {}

  sdk::Program& program() { return one_.program; }
  sdk::Symbol rows() const { return rows_; }

  // Windows with random numbers, indices below `limit`, and bytes.
  sdk::Tensor floats(std::initializer_list<sdk::Dim> dims, float scale = 1) {
    fills_.push_back({Fill::floats, scale, 0});
    return one_.program.window(sdk::DType::f32, dims);
  }
  sdk::Tensor positive_floats(std::initializer_list<sdk::Dim> dims) {
    fills_.push_back({Fill::positive, 1, 0});
    return one_.program.window(sdk::DType::f32, dims);
  }
  sdk::Tensor stored_floats(std::initializer_list<sdk::Dim> dims) {  // of the case's dtype
    fills_.push_back({Fill::stored, 1, 0});
    return one_.program.window(sdk_dtype(one_.dtype), dims);
  }
  sdk::Tensor indices(std::initializer_list<sdk::Dim> dims, std::int32_t limit) {
    fills_.push_back({Fill::indices, 0, limit});
    return one_.program.window(sdk::DType::i32, dims);
  }
  sdk::Tensor bytes(std::initializer_list<sdk::Dim> dims) {
    fills_.push_back({Fill::bytes, 0, 0});
    return one_.program.window(sdk::DType::u8, dims);
  }

  // A window for a result.
  sdk::Tensor result(std::initializer_list<sdk::Dim> dims, sdk::DType dtype = sdk::DType::f32) {
    fills_.push_back({Fill::nothing, 0, 0});
    return one_.program.window(dtype, dims);
  }

  // A weight of the case's dtype.
  sdk::Tensor weight(const tensor::Shape& shape, float scale = 1);
  sdk::Tensor positive_weight(std::uint32_t size);

  // The case with sequences of these numbers of rows.
  ConformanceCase sequences(std::initializer_list<std::uint32_t> rows);

  Random& random() { return random_; }

 private:
  enum class Fill { nothing, floats, positive, stored, indices, bytes };
  struct WindowFill {
    Fill kind;
    float scale;
    std::int32_t limit;
  };

  CaseMaker(std::string name, tensor::DType dtype, int);
  sdk::Tensor add_weight(const tensor::Shape& shape, const std::vector<float>& values);
  Bytes filled(const WindowFill& fill, std::size_t size_bytes);

  ConformanceCase one_;
  sdk::Symbol rows_;
  Random random_;
  std::vector<WindowFill> fills_;  // by window slot
  std::size_t weight_count_ = 0;
};

}  // namespace driftwood::device::testing
