#include "guest/module.h"

#include <driftwood_crates.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "guest/compiled.h"
#include "guest/failure.h"
#include "guest/import_table.h"

namespace driftwood::guest {
namespace {

constexpr std::array kMagic = {std::byte{0}, std::byte{'a'}, std::byte{'s'}, std::byte{'m'}};

std::string_view view(const wasm_name_t* name) {
  return {name->data, name->size};
}

// "(i32, i64) -> i32", from the letters of the import table.
std::string type_text(std::string_view parameters, std::string_view results) {
  const auto list = [](std::string_view letters) {
    std::string text;
    for (const char letter : letters) {
      if (!text.empty()) text += ", ";
      text += letter == 'i' ? "i32" : letter == 'I' ? "i64" : "another type";
    }
    return text;
  };
  return fmt::format("({}) -> ({})", list(parameters), list(results));
}

// Errors: invalid_argument when it is not a function of this type. `what` opens the sentence.
Result<void> check_function(const std::string& what, const wasm_externtype_t* type,
                            std::string_view parameters, std::string_view results) {
  const wasm_functype_t* function = wasm_externtype_as_functype_const(type);
  if (function == nullptr) return fail(ErrorCode::invalid_argument, "{} is not a function.", what);
  const std::string has_parameters = type_letters(*wasm_functype_params(function));
  const std::string has_results = type_letters(*wasm_functype_results(function));
  if (has_parameters == parameters && has_results == results) return {};
  return fail(ErrorCode::invalid_argument, "{} has the type {}, but must have {}.", what,
              type_text(has_parameters, has_results), type_text(parameters, results));
}

Result<void> check_imports(const wasmtime_module_t* module) {
  OwnedImportTypes imports;
  wasmtime_module_imports(module, &imports);
  for (std::size_t i = 0; i < imports.size; ++i) {
    const std::string_view from = view(wasm_importtype_module(imports.data[i]));
    const std::string_view name = view(wasm_importtype_name(imports.data[i]));
    const wasm_externtype_t* type = wasm_importtype_type(imports.data[i]);
    const std::string what =
        fmt::format("The guest's import {}.{}", printable(from, kMostNameBytes),
                    printable(name, kMostNameBytes));
    if (wasm_externtype_kind(type) == WASM_EXTERN_MEMORY) {
      return fail(ErrorCode::invalid_argument, "{} is a memory; a guest defines its own.", what);
    }
    const Import* import = find_import(from, name);
    if (import == nullptr) {
      return fail(ErrorCode::invalid_argument, "{} is not given to guests.", what);
    }
    DW_TRY(check_function(what, type, import->parameters, import->results));
  }
  return {};
}

// The exports by name; types are borrowed.
class Exports {
 public:
  explicit Exports(const wasmtime_module_t* module) { wasmtime_module_exports(module, &exports_); }

  const wasm_externtype_t* find(std::string_view name) const {
    for (std::size_t i = 0; i < exports_.size; ++i) {
      if (view(wasm_exporttype_name(exports_.data[i])) == name) {
        return wasm_exporttype_type(exports_.data[i]);
      }
    }
    return nullptr;
  }

  Result<const wasm_externtype_t*> require(std::string_view name) const {
    if (const wasm_externtype_t* type = find(name); type != nullptr) return type;
    return fail(ErrorCode::invalid_argument, "The guest does not export {}.", name);
  }

  Result<void> require_function(std::string_view name, std::string_view parameters,
                                std::string_view results) const {
    DW_TRY_ASSIGN(const wasm_externtype_t* type, require(name));
    return check_function(fmt::format("The guest's export {}", name), type, parameters, results);
  }

 private:
  OwnedExportTypes exports_;
};

const std::uint8_t* data_of(std::span<const std::byte> bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

// The module with its mutable globals exported. Errors: as Module::compile for bytes that are not
// valid or cannot be frozen.
Result<OwnedModule> compile_freezable(wasm_engine_t* engine, std::span<const std::byte> wasm) {
  RustBytes passed;
  const dw_freezability answer = dw_make_freezable(data_of(wasm), wasm.size(), passed.out());
  if (answer == DW_NOT_FREEZABLE) {
    return fail(ErrorCode::invalid_argument, "The guest {}, so the guest could not be frozen.",
                passed.text());
  }
  // Of bytes that break off Wasmtime says best where they do.
  const std::span<const std::byte> ready = answer == DW_FREEZABLE ? passed.span() : wasm;
  wasmtime_module_t* compiled = nullptr;
  const OwnedError error(wasmtime_module_new(engine, data_of(ready), ready.size(), &compiled));
  if (error != nullptr) {
    // Offsets are to be those of the bytes that were given.
    const OwnedError as_given(wasmtime_module_validate(engine, data_of(wasm), wasm.size()));
    return fail(ErrorCode::corrupt, "The guest is not a valid WebAssembly module: {}",
                message_of(as_given != nullptr ? *as_given : *error));
  }
  OwnedModule module(compiled);
  if (answer == DW_MALFORMED) {
    return fail(ErrorCode::corrupt,
                "The guest's globals cannot be found, so the guest could not be frozen.");
  }
  return module;
}

// Precondition: compile_freezable() made the module, in this process or an earlier one.
std::vector<MutableGlobal> mutable_globals_of(const wasmtime_module_t* module) {
  OwnedExportTypes exports;
  wasmtime_module_exports(module, &exports);
  std::vector<MutableGlobal> globals;
  for (const wasm_exporttype_t* item : std::span(exports.data, exports.size)) {
    std::string_view name = view(wasm_exporttype_name(item));
    if (!name.starts_with(kGlobalExportPrefix)) continue;
    name.remove_prefix(kGlobalExportPrefix.size());
    MutableGlobal global = {};
    std::from_chars(name.data(), name.data() + name.size(), global.index);
    const wasm_globaltype_t* type = wasm_externtype_as_globaltype_const(wasm_exporttype_type(item));
    global.type = type_letter(*wasm_globaltype_content(type));
    globals.push_back(global);
  }
  return globals;
}

std::array<std::byte, 32> sha256_of(std::span<const std::byte> bytes) {
  std::array<std::byte, 32> digest;
  dw_sha256(data_of(bytes), bytes.size(), reinterpret_cast<std::uint8_t*>(digest.data()));
  return digest;
}

// The bytes that the memory begins with. That it is one memory, 32-bit and not shared, is what the
// pinned features allow; that it is no import, check_imports() has seen.
Result<std::uint64_t> check_memory(const Exports& exports) {
  DW_TRY_ASSIGN(const wasm_externtype_t* type, exports.require(kMemoryExport));
  const wasm_memorytype_t* memory = wasm_externtype_as_memorytype_const(type);
  if (memory == nullptr) {
    return fail(ErrorCode::invalid_argument, "The guest's export {} is not a memory.",
                kMemoryExport);
  }
  if (wasmtime_memorytype_is64(memory) || wasmtime_memorytype_isshared(memory)) {
    return fail(ErrorCode::invalid_argument, "The guest's memory is 64-bit or shared.");
  }
  return wasmtime_memorytype_minimum(memory) * memory::kWasmPageBytes;
}

}  // namespace

Module::Module(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Module::~Module() = default;

Result<std::shared_ptr<const Module>> Module::compile(std::shared_ptr<Engine> engine,
                                                      std::span<const std::byte> wasm) {
  if (wasm.size() > kMostBytes) {
    return fail(ErrorCode::limit, "The module ({} bytes) is over the limit ({} bytes).",
                wasm.size(), kMostBytes);
  }
  // The compiler would also take the text form, which is not what guests are.
  if (!std::ranges::equal(wasm.first(std::min(wasm.size(), kMagic.size())), kMagic)) {
    return fail(ErrorCode::corrupt,
                "The guest is not a WebAssembly module: it does not begin with \\0asm.");
  }
  const Engine::Impl& compiler = engine->impl();
  const auto sha256 = sha256_of(wasm);
  OwnedModule module =
      compiler.cache ? compiler.cache->find(compiler.engine.get(), sha256) : nullptr;
  const bool is_new = module == nullptr;
  if (is_new) {
    DW_TRY_ASSIGN(module, compile_freezable(compiler.engine.get(), wasm));
  }
  DW_TRY(check_imports(module.get()));
  const Exports exports(module.get());
  DW_TRY_ASSIGN(const std::uint64_t memory_bytes, check_memory(exports));
  DW_TRY(exports.require_function(kStartExport, "", "i"));
  DW_TRY(exports.require_function(kResumeExport, "ii", "i"));
  const bool has_initialize = exports.find(kInitializeExport) != nullptr;
  if (has_initialize) DW_TRY(exports.require_function(kInitializeExport, "", ""));

  wasmtime_instance_pre_t* prepared = nullptr;
  const OwnedError error(
      wasmtime_linker_instantiate_pre(compiler.linker.get(), module.get(), &prepared));
  if (error != nullptr) {
    return fail(ErrorCode::invalid_argument, "The guest cannot be linked: {}", message_of(*error));
  }
  if (is_new && compiler.cache) compiler.cache->keep(module.get(), sha256);
  auto globals = mutable_globals_of(module.get());
  return std::shared_ptr<const Module>(new Module(std::make_unique<Impl>(
      std::move(engine), std::vector(wasm.begin(), wasm.end()), sha256, std::move(module),
      std::move(globals), OwnedInstancePre(prepared), memory_bytes, has_initialize)));
}

std::span<const std::byte> Module::wasm() const {
  return impl_->wasm;
}

const std::array<std::byte, 32>& Module::sha256() const {
  return impl_->sha256;
}

}  // namespace driftwood::guest
