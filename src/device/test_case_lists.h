// The lists of cases by op, which cases_of() chooses from.
#pragma once

#include "device/test_cases.h"

namespace driftwood::device::testing {

std::vector<ConformanceCase> matmul_cases();
std::vector<ConformanceCase> gather_rows_cases();
std::vector<ConformanceCase> rms_norm_cases();
std::vector<ConformanceCase> linear_cases();
std::vector<ConformanceCase> rope_cases();
std::vector<ConformanceCase> attention_cases();
std::vector<ConformanceCase> swiglu_cases();
std::vector<ConformanceCase> select_rows_cases();
std::vector<ConformanceCase> top_logits_cases();
std::vector<ConformanceCase> add_cases();
std::vector<ConformanceCase> multiply_cases();
std::vector<ConformanceCase> conv1d_cases();
std::vector<ConformanceCase> conv2d_cases();
std::vector<ConformanceCase> pool2d_cases();
std::vector<ConformanceCase> channel_affine_cases();
std::vector<ConformanceCase> layer_norm_cases();
std::vector<ConformanceCase> unary_cases();
std::vector<ConformanceCase> softmax_cases();
std::vector<ConformanceCase> slice_cases();
std::vector<ConformanceCase> lstm_cell_cases();
std::vector<ConformanceCase> convert_cases();

}  // namespace driftwood::device::testing
