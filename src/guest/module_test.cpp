#include "guest/module.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "guest/compiled.h"
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

// A thaw could not bring back what these change: a table, a dropped segment, a start section's
// work.
TEST(Module, refuses_what_could_not_be_frozen) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"(func $f) (start $f)",
       "The guest has a start section (function 2), which would run again when it is restored, so "
       "the guest could not be frozen."},
      {"(table 2 funcref) (func (table.set (i32.const 0) (ref.null func)))",
       "The guest changes a table with table.set (in function 2), so the guest could not be "
       "frozen."},
      {"(table 2 funcref) (func (drop (table.grow (ref.null func) (i32.const 1))))", "table.grow"},
      {"(table 2 funcref) (func (table.fill (i32.const 0) (ref.null func) (i32.const 1)))",
       "table.fill"},
      {"(table 2 funcref) (func (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))",
       "table.copy"},
      {"(table 2 funcref) (func $g) (elem $e func $g)"
       "(func (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)))",
       "changes a table with table.init (in function 3)"},
      {"(func $g) (elem $e func $g) (func (elem.drop $e))", "drops a segment with elem.drop"},
      {"(data $d \"x\") (func (data.drop $d))", "drops a segment with data.drop (in function 2)"},
      {"(global i32 (i32.const 0)) (global (mut funcref) (ref.null func))",
       "has a mutable global of a reference type (global 1)"},
      {"(global (mut externref) (ref.null extern))", "of a reference type (global 0)"},
      {"(global (export \"driftwood:global:0\") (mut i32) (i32.const 0))",
       "exports a name that begins with driftwood:global:, which is reserved"},
      {"(func (export \"driftwood:global:\"))", "which is reserved"},
  };
  for (const auto& [field, part] : cases) {
    expect_refused(module_of({kMemory, kStart, kResume, field}), ErrorCode::invalid_argument, part);
  }
  expect_refused(module_of({"(import \"driftwood\" \"now\" (func (param i32) (result i32)))",
                            "(import \"env\" \"g\" (global (mut i32)))", kMemory, kStart, kResume}),
                 ErrorCode::invalid_argument, "imports a mutable global (global 0)");
}

TEST(Module, takes_tables_segments_and_references_that_do_not_change) {
  EXPECT_TRUE(test::compile(
      module_of({kMemory, kStart, kResume, "(table $t 2 funcref) (elem (i32.const 0) $f $f)",
                 "(func $f) (data $d \"x\") (global funcref (ref.func $f))",
                 "(func (drop (table.get 0 (i32.const 0))) (drop (table.size $t))"
                 " (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))"
                 " (call_indirect (i32.const 1)))"})));
}

TEST(Module, refuses_more_mutable_globals_than_the_limit) {
  std::string globals;
  for (int i = 0; i < 4096; ++i) globals += "(global (mut i32) (i32.const 0))";
  EXPECT_TRUE(test::compile(module_of({kMemory, kStart, kResume, globals})));
  globals += "(global (mut i64) (i64.const 0))";
  expect_refused(module_of({kMemory, kStart, kResume, globals}), ErrorCode::invalid_argument,
                 "has 4097 mutable globals, over the limit of 4096");
}

// What is wrong with a module is told with the offset in its own bytes, though another form of it
// was compiled.
TEST(Module, offsets_in_refusals_are_those_of_the_given_bytes) {
  const std::vector<std::byte> wasm = test::wasm_of(
      module_of({kMemory, kStart, kResume, "(global (mut i32) (i32.const 0)) (func (drop))"}));
  const auto module = Module::compile(test::engine(), wasm);
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code(), ErrorCode::corrupt);
  // The function's one instruction stands before its end, which ends the file.
  EXPECT_NE(module.error().message().find(fmt::format("(at offset 0x{:x})", wasm.size() - 2)),
            std::string::npos)
      << module.error().message();
}

std::vector<std::string> names_of_exports(const Module& module) {
  OwnedExportTypes exports;
  wasmtime_module_exports(module.impl().module.get(), &exports);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < exports.size; ++i) {
    const wasm_name_t* name = wasm_exporttype_name(exports.data[i]);
    names.emplace_back(name->data, name->size);
  }
  return names;
}

TEST(Module, mutable_globals_are_exported_after_the_guests_own_exports) {
  const auto module = test::compile(
      module_of({kMemory, kStart, "(global $a (mut i32) (i32.const 1)) (global i64 (i64.const 2))",
                 "(global (export \"own\") (mut v128) (v128.const i64x2 3 4))", kResume,
                 "(export \"other\" (global $a)) (table (export \"t\") 1 funcref)",
                 "(global (mut f32) (f32.const 5)) (global (mut f64) (f64.const 6))",
                 "(global (mut i64) (i64.const 7))"}));
  ASSERT_TRUE(module) << module.error().message();
  const std::vector<std::string> names = {"memory",
                                          "driftwood_start",
                                          "own",
                                          "driftwood_resume",
                                          "other",
                                          "t",
                                          "driftwood:global:0",
                                          "driftwood:global:2",
                                          "driftwood:global:3",
                                          "driftwood:global:4",
                                          "driftwood:global:5"};
  EXPECT_EQ(names_of_exports(**module), names);
  std::string letters;
  for (const MutableGlobal& global : (*module)->impl().mutable_globals) {
    letters += fmt::format("{}{} ", global.index, global.type);
  }
  EXPECT_EQ(letters, "0i 2V 3f 4F 5I ");
}

TEST(Module, keeps_the_given_bytes_and_their_hash) {
  std::vector<std::byte> wasm =
      test::wasm_of(module_of({kMemory, kStart, kResume, "(global (mut i32) (i32.const 0))"}));
  const std::vector<std::byte> copy = wasm;
  const auto module = Module::compile(test::engine(), wasm).value();
  wasm.assign(wasm.size(), std::byte{0});
  EXPECT_TRUE(std::ranges::equal(module->wasm(), copy));
  const auto same = Module::compile(test::engine(), copy).value();
  EXPECT_EQ(module->sha256(), same->sha256());
  const auto other = test::compile(module_of({kMemory, kStart, kResume})).value();
  EXPECT_NE(module->sha256(), other->sha256());
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

TEST(Module, refuses_functions_of_types_that_no_import_or_export_has) {
  for (const std::string type : {"f32", "f64", "v128", "funcref", "(ref func)"}) {
    expect_refused(module_of({"(import \"driftwood\" \"now\" (func (param ", type,
                              ") (result i32)))", kMemory, kStart, kResume}),
                   ErrorCode::invalid_argument, "has the type (another type) -> (i32)");
    expect_refused(module_of({kMemory, kResume, "(func (export \"driftwood_start\") (param ", type,
                              ") (result i32) (i32.const 0))"}),
                   ErrorCode::invalid_argument, "has the type (another type) -> (i32)");
  }
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
