#include "guest/module_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "guest/compiled.h"
#include "guest/snapshot.h"
#include "guest/test_support.h"
#include "model/fingerprint.h"
#include "os/file.h"
#include "os/test_folder.h"

namespace driftwood::guest {
namespace {

using Wasm = std::vector<std::byte>;

// Two guests that can be told apart without being called: by what their memories begin with.
std::string guest_of(int pages) {
  return fmt::format(
      "(module (memory (export \"memory\") {}) (global (mut i32) (i32.const 7))"
      " (func (export \"driftwood_start\") (result i32) (i32.const 0))"
      " (func (export \"driftwood_resume\") (param i32 i32) (result i32) (i32.const 0)))",
      pages);
}
constexpr int kOne = 1, kOther = 2;

class AModuleCache : public testing::Test {
 protected:
  std::shared_ptr<const Module> compile(const Wasm& wasm) const {
    return Module::compile(Engine::create(folder_.path()).value(), wasm).value();
  }
  static int pages_of(const Module& module) {
    return static_cast<int>(module.impl().memory_bytes / memory::kWasmPageBytes);
  }

  // Keeps for the one guest's bytes what the other was compiled to, so that a hit shows.
  void plant_other() const {
    const auto other = test::compile(guest_of(kOther)).value();
    const auto one = test::compile(guest_of(kOne)).value();
    ModuleCache(folder_.path()).keep(other->impl().module.get(), one->sha256());
  }
  // How many pages the one guest begins with: kOther if what was planted is used.
  int pages_of_one() const { return pages_of(*compile(one_)); }

  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> paths;
    for (const auto& item : std::filesystem::directory_iterator(folder_.path("modules"))) {
      paths.push_back(item.path());
    }
    return paths;
  }
  std::string only_file() const {
    EXPECT_EQ(files().size(), 1U);
    return files().front();
  }
  static std::string bytes_of(const std::string& path) {
    return os::read_file(path, 1 << 30).value();
  }
  static void overwrite(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  bool finds(const Wasm& wasm) const {
    const auto digest = test::compile(guest_of(kOne)).value()->sha256();
    EXPECT_EQ(wasm, one_);
    return ModuleCache(folder_.path()).find(test::engine()->impl().engine.get(), digest) != nullptr;
  }

  os::TestFolder folder_;
  const Wasm one_ = test::wasm_of(guest_of(kOne));
};

TEST_F(AModuleCache, keeps_what_was_compiled_and_finds_it_again) {
  EXPECT_FALSE(finds(one_));
  EXPECT_EQ(pages_of_one(), kOne);
  EXPECT_TRUE(finds(one_));
  const auto name = std::filesystem::path(only_file()).filename().string();
  EXPECT_TRUE(name.starts_with(model::hexadecimal(compile(one_)->sha256()) + "-" WASMTIME_VERSION))
      << name;
}

TEST_F(AModuleCache, is_used_instead_of_the_compiler) {
  plant_other();
  EXPECT_EQ(pages_of_one(), kOther);
}

TEST_F(AModuleCache, is_not_used_by_an_engine_that_is_given_none) {
  plant_other();
  EXPECT_EQ(pages_of(*Module::compile(test::engine(), one_).value()), kOne);
}

TEST_F(AModuleCache, gives_a_module_with_the_same_globals_bytes_and_digest) {
  const auto compiled = compile(one_);
  const auto found = compile(one_);
  ASSERT_EQ(found->impl().mutable_globals.size(), 1U);
  EXPECT_EQ(found->impl().mutable_globals[0].index, compiled->impl().mutable_globals[0].index);
  EXPECT_EQ(found->impl().mutable_globals[0].type, 'i');
  EXPECT_EQ(found->sha256(), compiled->sha256());
  EXPECT_TRUE(std::ranges::equal(found->wasm(), one_));
}

TEST_F(AModuleCache, executes_no_file_that_is_cut_off) {
  plant_other();
  const std::string path = only_file();
  const std::string whole = bytes_of(path);
  std::vector<std::size_t> sizes = {whole.size() - 1, whole.size() - 8, whole.size() / 2};
  for (std::size_t size = 0; size < 64; ++size) sizes.push_back(size);
  for (const std::size_t size : sizes) {
    overwrite(path, whole.substr(0, size));
    EXPECT_FALSE(finds(one_)) << size;
  }
  EXPECT_EQ(pages_of_one(), kOne);
  EXPECT_NE(bytes_of(path), whole) << "it is written again";
  EXPECT_TRUE(finds(one_));
}

TEST_F(AModuleCache, executes_no_file_that_is_damaged) {
  plant_other();
  const std::string path = only_file();
  const std::string whole = bytes_of(path);
  for (std::size_t at = 0; at < whole.size(); at += 1 + whole.size() / 50) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    overwrite(path, damaged);
    EXPECT_FALSE(finds(one_)) << at;
  }
  overwrite(path, whole + '\0');
  EXPECT_FALSE(finds(one_));
  overwrite(path, whole);
  EXPECT_TRUE(finds(one_));
}

TEST_F(AModuleCache, executes_no_file_of_another_name) {
  plant_other();
  const std::string path = only_file();
  const std::string for_one = bytes_of(path);
  compile(test::wasm_of(guest_of(kOther)));
  for (const auto& file : files()) overwrite(file, for_one);
  EXPECT_EQ(pages_of(*compile(test::wasm_of(guest_of(3)))), 3);
  const auto other = test::compile(guest_of(kOther)).value()->sha256();
  EXPECT_EQ(ModuleCache(folder_.path()).find(test::engine()->impl().engine.get(), other), nullptr);
}

TEST_F(AModuleCache, replaces_what_an_engine_of_other_settings_made) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, false);
  // ThreadSanitizer cannot see how the compiler's threads wait for each other.
  wasmtime_config_parallel_compilation_set(config, false);
  const OwnedEngine other(wasm_engine_new_with_config(config));
  const Wasm planted = test::wasm_of(guest_of(kOther));
  wasmtime_module_t* module = nullptr;
  const OwnedError error(wasmtime_module_new(
      other.get(), reinterpret_cast<const std::uint8_t*>(planted.data()), planted.size(), &module));
  ASSERT_EQ(error, nullptr);
  const OwnedModule owned(module);
  ModuleCache(folder_.path()).keep(module, test::compile(guest_of(kOne)).value()->sha256());
  EXPECT_FALSE(finds(one_));
  EXPECT_EQ(pages_of_one(), kOne);
  EXPECT_TRUE(finds(one_));
}

TEST_F(AModuleCache, executes_no_file_that_others_may_write) {
  plant_other();
  for (const mode_t others : {S_IWGRP, S_IWOTH}) {
    ASSERT_EQ(::chmod(only_file().c_str(), 0600 | others), 0);
    EXPECT_FALSE(finds(one_));
  }
  ASSERT_EQ(::chmod(only_file().c_str(), 0600), 0);
  EXPECT_TRUE(finds(one_));
}

TEST_F(AModuleCache, does_no_harm_where_it_cannot_be_written) {
  folder_.write("modules", "a file stands in the way");
  EXPECT_EQ(pages_of_one(), kOne);
  EXPECT_EQ(pages_of_one(), kOne);
  EXPECT_EQ(bytes_of(folder_.path("modules")), "a file stands in the way");
}

TEST_F(AModuleCache, keeps_no_module_that_is_refused) {
  for (const std::string part : {"(start 0)", "(func (table.set 0 (i32.const 0) (ref.null func)))",
                                 "(import \"env\" \"other\" (func))", "(memory 1)"}) {
    std::string wat = guest_of(kOne);
    const bool is_import = part.starts_with("(import");
    if (part.starts_with("(func")) wat.insert(7, " (table 1 funcref)");
    if (part == "(start 0)") wat.insert(7, " (func)");
    wat.insert(is_import ? std::string("(module").size() : wat.size() - 1, " " + part);
    const auto refused =
        Module::compile(Engine::create(folder_.path()).value(), test::wasm_of(wat));
    EXPECT_FALSE(refused) << wat;
    EXPECT_FALSE(std::filesystem::exists(folder_.path("modules"))) << wat;
  }
}

TEST_F(AModuleCache, leaves_so_many_files) {
  for (std::size_t i = 0; i < ModuleCache::kMostFiles + 2; ++i) {
    folder_.write(fmt::format("modules/{}.module", i), "");
  }
  ASSERT_EQ(::chmod(folder_.path("modules").c_str(), 0700), 0);
  compile(one_);
  EXPECT_EQ(files().size(), ModuleCache::kMostFiles);
  EXPECT_TRUE(finds(one_)) << "the newest one stays";
}

}  // namespace
}  // namespace driftwood::guest
