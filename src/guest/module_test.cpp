#include "guest/module.h"

#include <gtest/gtest.h>

#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

constexpr std::string_view kMemory = "(memory (export \"memory\") 1)";
constexpr std::string_view kStart =
    "(func (export \"driftwood_start\") (result i32) (i32.const 0))";
constexpr std::string_view kResume =
    "(func (export \"driftwood_resume\") (param i32 i32) (result i32) (i32.const 0))";

std::string module_of(std::initializer_list<std::string_view> fields) {
  std::string text = "(module ";
  for (const std::string_view field : fields) text += field;
  return text + ")";
}

// The refusal of a module; its message holds `part`.
void expect_refused(const std::string& wat, ErrorCode code, std::string_view part) {
  const auto module = test::compile(wat);
  ASSERT_FALSE(module) << wat;
  EXPECT_EQ(module.error().code(), code) << module.error().message();
  EXPECT_NE(module.error().message().find(part), std::string::npos) << module.error().message();
}

TEST(Module, takes_what_has_a_memory_and_the_two_exports) {
  EXPECT_TRUE(test::compile(module_of({kMemory, kStart, kResume})));
}

TEST(Module, takes_simd_and_bulk_memory) {
  EXPECT_TRUE(test::compile(
      module_of({kMemory, kStart, kResume,
                 "(func (drop (i32x4.add (v128.const i32x4 1 2 3 4) (v128.const i32x4 1 2 3 4)))"
                 " (memory.fill (i32.const 0) (i32.const 0) (i32.const 8)))"})));
}

TEST(Module, refuses_bytes_that_are_no_module) {
  for (const std::string_view text : {"", "\0asm", "not wasm at all", "(module)"}) {
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    const auto module = Module::compile(test::engine(), bytes);
    ASSERT_FALSE(module) << text;
    EXPECT_EQ(module.error().code(), ErrorCode::corrupt);
  }
}

TEST(Module, refuses_every_truncation) {
  const std::vector<std::byte> whole = test::wasm_of(module_of({kMemory, kStart, kResume}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> part(whole.begin(),
                                      whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(Module::compile(test::engine(), part)) << size;
  }
}

TEST(Module, refuses_more_bytes_than_the_limit_before_reading_them) {
  const std::byte one = {};
  const auto module = Module::compile(test::engine(), {&one, Module::kMostBytes + 1});
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code(), ErrorCode::limit);
}

TEST(Module, refuses_imports_that_are_not_given) {
  expect_refused(module_of({"(import \"env\" \"open\" (func))", kMemory, kStart, kResume}),
                 ErrorCode::invalid_argument, "env.open");
  expect_refused(
      module_of({"(import \"driftwood\" \"file_open\" (func))", kMemory, kStart, kResume}),
      ErrorCode::invalid_argument, "driftwood.file_open");
  expect_refused(
      module_of({"(import \"wasi_snapshot_preview1\" \"proc_raise\" (func (param i32) (result "
                 "i32)))",
                 kMemory, kStart, kResume}),
      ErrorCode::invalid_argument, "proc_raise");
}

TEST(Module, refusals_are_sentences_without_the_modules_controls) {
  const std::string long_name(5000, 'n');
  expect_refused(module_of({"(import \"\\1b[2J\\c2\\9b\" \"" + long_name + "\" (func))", kMemory,
                            kStart, kResume}),
                 ErrorCode::invalid_argument,
                 "import  [2J ." + long_name.substr(0, 200) + "... is not given to guests.");
  const auto invalid = test::compile(module_of({kMemory, "(memory 1)", kStart, kResume}));
  ASSERT_FALSE(invalid);
  EXPECT_TRUE(invalid.error().message().ends_with(".")) << invalid.error().message();
}

// Such modules cannot be saved, but run.
TEST(Module, takes_what_could_not_be_saved) {
  for (const std::string_view field :
       {"(func $f) (start $f)",
        "(table 2 funcref) (func $g) (elem $e func $g)"
        "(func (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $e))",
        "(table 2 funcref) (func (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))",
        "(table 2 funcref) (func (table.set (i32.const 0) (ref.null func)))",
        "(data $d \"x\") (func (data.drop $d))"}) {
    const auto module = test::compile(module_of({kMemory, kStart, kResume, field}));
    EXPECT_TRUE(module) << field << module.error().message();
  }
}

TEST(Module, refuses_imports_of_another_type) {
  expect_refused(module_of({"(import \"driftwood\" \"now\" (func (param i64) (result i32)))",
                            kMemory, kStart, kResume}),
                 ErrorCode::invalid_argument,
                 "driftwood.now has the type (i64) -> (i32), but must have (i32) -> (i32)");
  expect_refused(
      module_of({"(import \"driftwood\" \"now\" (func (param i32)))", kMemory, kStart, kResume}),
      ErrorCode::invalid_argument, "driftwood.now");
  expect_refused(
      module_of({"(import \"driftwood\" \"now\" (global i32))", kMemory, kStart, kResume}),
      ErrorCode::invalid_argument, "is not a function");
}

TEST(Module, refuses_a_memory_that_is_imported) {
  expect_refused(module_of({"(import \"env\" \"memory\" (memory 1))",
                            "(export \"memory\" (memory 0))", kStart, kResume}),
                 ErrorCode::invalid_argument, "env.memory is a memory");
}

TEST(Module, refuses_missing_exports_by_name) {
  expect_refused(module_of({kStart, kResume}), ErrorCode::invalid_argument, "export memory");
  expect_refused(module_of({"(memory 1)", kStart, kResume}), ErrorCode::invalid_argument,
                 "export memory");
  expect_refused(module_of({kMemory, kResume}), ErrorCode::invalid_argument, "driftwood_start");
  expect_refused(module_of({kMemory, kStart}), ErrorCode::invalid_argument, "driftwood_resume");
}

TEST(Module, refuses_exports_of_another_type) {
  expect_refused(module_of({kMemory, kResume, "(func (export \"driftwood_start\"))"}),
                 ErrorCode::invalid_argument, "() -> ()");
  expect_refused(
      module_of({kMemory, kStart,
                 "(func (export \"driftwood_resume\") (param i32) (result i32) (i32.const 0))"}),
      ErrorCode::invalid_argument, "driftwood_resume");
  expect_refused(
      module_of({kMemory, kResume, "(global (export \"driftwood_start\") i32 (i32.const 0))"}),
      ErrorCode::invalid_argument, "is not a function");
  expect_refused(module_of({"(func (export \"memory\"))", kStart, kResume}),
                 ErrorCode::invalid_argument, "is not a memory");
  expect_refused(
      module_of({kMemory, kStart, kResume, "(func (export \"_initialize\") (param i32))"}),
      ErrorCode::invalid_argument, "_initialize");
}

TEST(Module, refuses_features_that_guests_may_not_use) {
  expect_refused(module_of({"(memory (export \"memory\") i64 1)", kStart, kResume}),
                 ErrorCode::corrupt, "memory64");
  expect_refused(module_of({"(memory (export \"memory\") 1 1 shared)", kStart, kResume}),
                 ErrorCode::corrupt, "threads");
  expect_refused(module_of({kMemory, "(memory 1)", kStart, kResume}), ErrorCode::corrupt, "multi");
  expect_refused(module_of({kMemory, kStart, kResume,
                            "(func (param i32) (result i32) (return_call 2 (local.get 0)))"}),
                 ErrorCode::corrupt, "tail calls");
  expect_refused(module_of({kMemory, kStart, kResume,
                            "(func (result v128) (i8x16.relaxed_swizzle (v128.const i64x2 0 0)"
                            " (v128.const i64x2 0 0)))"}),
                 ErrorCode::corrupt, "relaxed");
}

}  // namespace
}  // namespace driftwood::guest
