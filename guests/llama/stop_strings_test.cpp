#include "llama/stop_strings.h"

#include <gtest/gtest.h>

namespace driftwood::guests::llama {
namespace {

using Stops = std::vector<std::string>;

// What comes through of pieces of text, with "|" between the answers; "!" where it ended.
std::string passed(const Stops& stop, const std::vector<std::string>& pieces) {
  StopStrings stops(stop);
  std::string all;
  for (const std::string& piece : pieces) {
    all += stops.add(piece);
    if (stops.found()) return all + "!";
    all += "|";
  }
  return all + stops.finish();
}

TEST(StopStrings, text_without_one_passes_at_once) {
  EXPECT_EQ(passed({}, {"a", "bc"}), "a|bc|");
  EXPECT_EQ(passed({"x"}, {"a", "bc"}), "a|bc|");
}

TEST(StopStrings, what_comes_before_it_is_given_and_nothing_else) {
  EXPECT_EQ(passed({"stop"}, {"go stop now"}), "go !");
  EXPECT_EQ(passed({"stop"}, {"stop"}), "!");
}

TEST(StopStrings, one_that_spans_pieces_is_held_back) {
  EXPECT_EQ(passed({"stop"}, {"go s", "t", "op", "x"}), "go ||!");
  EXPECT_EQ(passed({"stop"}, {"go s", "t", "ep"}), "go ||step|");
}

TEST(StopStrings, what_only_begins_one_comes_at_the_end) {
  EXPECT_EQ(passed({"stop"}, {"a sto"}), "a |sto");
}

TEST(StopStrings, a_beginning_within_a_beginning_is_found) {
  EXPECT_EQ(passed({"aab"}, {"a", "a", "a", "b"}), "||a|!");
  EXPECT_EQ(passed({"abac"}, {"abab", "ac"}), "ab|!");
}

TEST(StopStrings, the_first_complete_one_counts_and_the_longest_of_one_place) {
  EXPECT_EQ(passed({"xabc", "ab"}, {"xabc"}), "x!");
  EXPECT_EQ(passed({"b", "ab"}, {"xab"}), "x!");
  StopStrings stops({"b", "ab"});
  stops.add("xab");
  EXPECT_EQ(stops.found(), "ab");
}

TEST(StopStrings, characters_of_several_bytes_are_never_cut) {
  // Both begin with the byte 0xC3.
  EXPECT_EQ(passed({"\u00e9"}, {"\u00e8", "x"}), "\u00e8|x|");
  EXPECT_EQ(passed({"\u00e9"}, {"a\u00e9"}), "a!");
  EXPECT_EQ(passed({"\u00e9t\u00e9"}, {"l'\u00e9", "t", "a"}), "l'||\u00e9ta|");
}

TEST(StopStrings, the_cut_of_the_text_changes_nothing) {
  const std::string text = "abcabdabcabe";
  for (const Stops& stop : {Stops{"abcabe"}, Stops{"bd", "dabc"}, Stops{"zz"}}) {
    StopStrings at_once(stop);
    const std::string whole = at_once.add(text) + at_once.finish();
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      StopStrings in_two(stop);
      std::string got = in_two.add(text.substr(0, cut)) + in_two.add(text.substr(cut));
      got += in_two.finish();
      EXPECT_EQ(got, whole) << cut;
      EXPECT_EQ(in_two.found(), at_once.found()) << cut;
    }
  }
}

TEST(StopStrings, after_one_nothing_comes) {
  StopStrings stops({"."});
  EXPECT_EQ(stops.add("a.b"), "a");
  EXPECT_EQ(stops.add("c"), "");
  EXPECT_EQ(stops.finish(), "");
}

}  // namespace
}  // namespace driftwood::guests::llama
