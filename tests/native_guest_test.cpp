// The llama guest compiled into this program gives the records of the same source as WebAssembly,
// through the same imports: what a debugger and sanitizers see is what runs in the sandbox.
#include <gtest/gtest.h>

#include "support/llama_bench.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

// The records without what a clock says.
std::vector<json> timeless(std::vector<json> records) {
  for (json& record : records) {
    record.erase("prefill_ns");
    record.erase("decode_ns");
  }
  return records;
}

std::vector<json> requests() {
  const json ids = {3, 4, 5, 6, 7, 8, 9};
  return {
      {{"prompt_ids", ids},
       {"max_tokens", 12},
       {"temperature", 0},
       {"seed", 7},
       {"output", "tokens"},
       {"top_logprobs", 5},
       {"prefill_piece", 3},
       {"prompt_logprobs", true}},
      // Without top_k the nucleus asks for the whole row, which is a second program.
      {{"prompt_ids", ids},
       {"max_tokens", 40},
       {"seed", 7},
       {"output", "tokens"},
       {"temperature", 1.5},
       {"top_k", 0},
       {"top_p", 0.9}},
      {{"prompt_ids", {1, 2}}, {"max_tokens", 0}, {"seed", 1}, {"output", "tokens"}},
      {{"prompt_ids", {1, 1 << 20}}, {"output", "tokens"}},
      {{"prompt", "there is no tokenizer"}},
      {{"no_such_key", 1}},
  };
}

// One test, since a process can start a native guest once.
TEST(NativeGuest, gives_the_records_and_the_bits_of_the_webassembly_guest) {
  auto model = model::open_folder(DRIFTWOOD_SOURCE_DIR "/tests/goldens/llama32-bf16");
  ASSERT_TRUE(model) << model.error().message();
  const auto device = cpu_device(2);
  auto wasm = LlamaBench::open(device, *model, {}, GuestKind::wasm);
  ASSERT_TRUE(wasm) << wasm.error().message();
  {
    auto native = LlamaBench::open(device, *model, {}, GuestKind::native);
    ASSERT_TRUE(native) << native.error().message();
    for (const json& request : requests()) {
      auto expected = (*wasm)->ask(request), answer = (*native)->ask(request);
      ASSERT_TRUE(expected) << expected.error().message();
      ASSERT_TRUE(answer) << answer.error().message();
      ASSERT_FALSE(answer->records.empty());
      EXPECT_EQ(timeless(answer->records), timeless(expected->records)) << request;
      EXPECT_TRUE(answer->rows == expected->rows) << request;
    }
    const auto second = LlamaBench::open(device, *model, {}, GuestKind::native);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::limit);
  }
  const auto again = LlamaBench::open(device, *model, {}, GuestKind::native);
  ASSERT_FALSE(again) << "the globals are still those of the first one";
  EXPECT_EQ(again.error().code(), ErrorCode::guest_failed);
}

}  // namespace
}  // namespace driftwood::test
