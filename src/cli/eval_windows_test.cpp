#include "cli/eval_windows.h"

#include <gtest/gtest.h>

#include <numeric>

namespace driftwood::cli {
namespace {

constexpr std::int32_t kBos = 99;
using Ids = std::vector<std::int32_t>;

Ids text(std::size_t count) {
  Ids ids(count);
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

TEST(EvalWindows, a_stride_scores_every_token_once_whatever_the_sizes) {
  for (const bool has_bos : {false, true}) {
    for (std::uint32_t context = 4; context < 12; ++context) {
      for (std::size_t count = 2; count < 40; ++count) {
        const Ids ids = text(count);
        const auto bos = has_bos ? std::optional(kBos) : std::nullopt;
        const EvalWindows windows(EvalProtocol::stride, context, bos, ids);
        Ids scored;
        for (std::size_t i = 0; i < windows.count(); ++i) {
          const Window window = windows.window(i);
          EXPECT_LE(window.ids.size(), context);
          EXPECT_EQ(window.ids.front() == kBos, has_bos);
          if (i > 0) EXPECT_GE(window.score_from, context / 2);
          scored.insert(scored.end(), window.ids.begin() + window.score_from, window.ids.end());
        }
        // Nothing precedes the first token where there is no BOS.
        EXPECT_EQ(scored, Ids(ids.begin() + (has_bos ? 0 : 1), ids.end()))
            << context << " " << count;
      }
    }
  }
}

TEST(EvalWindows, llama_cpp_cuts_disjoint_windows_and_drops_the_tail) {
  const Ids ids = text(18);
  const EvalWindows windows(EvalProtocol::llama_cpp, 8, kBos, ids);
  ASSERT_EQ(windows.count(), 2u);  // of the BOS and 18 tokens
  EXPECT_EQ(windows.window(0).ids, (Ids{kBos, 0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(windows.window(1).ids, (Ids{kBos, 8, 9, 10, 11, 12, 13, 14}));
  EXPECT_EQ(windows.window(1).score_from, 5u);
}

TEST(EvalWindows, llama_cpp_replaces_nothing_where_there_is_no_bos) {
  const Ids ids = text(16);
  const EvalWindows windows(EvalProtocol::llama_cpp, 8, {}, ids);
  ASSERT_EQ(windows.count(), 2u);
  EXPECT_EQ(windows.window(1).ids, (Ids{8, 9, 10, 11, 12, 13, 14, 15}));
}

TEST(EvalWindows, a_text_that_is_too_short_has_none) {
  const Ids none = text(0), one = text(1), six = text(6);
  EXPECT_EQ(EvalWindows(EvalProtocol::stride, 8, kBos, none).count(), 0u);
  EXPECT_EQ(EvalWindows(EvalProtocol::stride, 8, {}, one).count(), 0u);
  EXPECT_EQ(EvalWindows(EvalProtocol::stride, 8, kBos, one).count(), 1u);
  EXPECT_EQ(EvalWindows(EvalProtocol::llama_cpp, 8, kBos, six).count(), 0u);
}

}  // namespace
}  // namespace driftwood::cli
