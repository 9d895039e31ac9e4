#include "guest/import_table.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "core/check.h"
#include "guest/abi.h"
#include "guest/abi_imports.h"

namespace driftwood::guest {
namespace {

// Makes an import of a function of abi_imports.h, with its arity from its type, which has to be
// that of its declaration in sdk/driftwood.h.
template <auto kFunction, auto kDeclaration>
struct AbiImport;

template <typename... Parameters, abi::Answer (*kFunction)(GuestState&, Parameters...),
          typename... Declared, std::int32_t (*kDeclaration)(Declared...)>
struct AbiImport<kFunction, kDeclaration> {
  static constexpr std::size_t kArity = sizeof...(Parameters);
  static_assert(kArity == sizeof...(Declared),
                "sdk/driftwood.h declares another number of parameters");

  static wasm_trap_t* call(void*, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                           std::size_t) {
    GuestState& guest = calling_guest(caller);
    const auto body = [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      return kFunction(guest, static_cast<std::uint32_t>(values[kIndex].i32)...);
    };
    return run_import(
        [&] { values[0].i32 = abi::to_guest(guest, body(std::make_index_sequence<kArity>())); },
        [&] { values[0].i32 = abi::to_guest(guest, abi::without_memory()); });
  }
};

constexpr std::string_view kSevenWords = "iiiiiii";

template <auto kFunction, auto kDeclaration>
constexpr Import abi_import(std::string_view name) {
  using Entry = AbiImport<kFunction, kDeclaration>;
  return {kAbiModule, name, kSevenWords.substr(0, Entry::kArity), "i", Entry::call};
}

constexpr std::array kAbiImports = {
    abi_import<abi::abi_version, dw_abi_version>("abi_version"),
    abi_import<abi::log, dw_log>("log"),
    abi_import<abi::error_text, dw_error_text>("error_text"),
    abi_import<abi::model_open, dw_model_open>("model_open"),
    abi_import<abi::model_config, dw_model_config>("model_config"),
    abi_import<abi::model_weight, dw_model_weight>("model_weight"),
    abi_import<abi::tokens_encode, dw_tokens_encode>("tokens_encode"),
    abi_import<abi::tokens_decode, dw_tokens_decode>("tokens_decode"),
    abi_import<abi::window_share, dw_window_share>("window_share"),
    abi_import<abi::state_append, dw_state_append>("state_append"),
    abi_import<abi::state_register, dw_state_register>("state_register"),
    abi_import<abi::state_length, dw_state_length>("state_length"),
    abi_import<abi::state_truncate, dw_state_truncate>("state_truncate"),
    abi_import<abi::state_tokens, dw_state_tokens>("state_tokens"),
    abi_import<abi::release, dw_release>("release"),
    abi_import<abi::graph_compile, dw_graph_compile>("graph_compile"),
    abi_import<abi::graph_bind, dw_graph_bind>("graph_bind"),
    abi_import<abi::graph_start, dw_graph_start>("graph_start"),
    abi_import<abi::graph_cancel, dw_graph_cancel>("graph_cancel"),
    abi_import<abi::message_read, dw_message_read>("message_read"),
    abi_import<abi::output_write, dw_output_write>("output_write"),
    abi_import<abi::random_seed, dw_random_seed>("random_seed"),
    abi_import<abi::now, dw_now>("now"),
};

OwnedFunctionType function_type(const Import& import) {
  const auto fill = [](std::string_view letters, wasm_valtype_vec_t* types) {
    wasm_valtype_vec_new_uninitialized(types, letters.size());
    for (std::size_t i = 0; i < letters.size(); ++i) {
      types->data[i] = wasm_valtype_new(letters[i] == 'I' ? WASM_I64 : WASM_I32);
    }
  };
  wasm_valtype_vec_t parameters;
  wasm_valtype_vec_t results;
  fill(import.parameters, &parameters);
  fill(import.results, &results);
  return OwnedFunctionType(wasm_functype_new(&parameters, &results));  // takes both vectors
}

}  // namespace

std::span<const Import> abi_imports() {
  return kAbiImports;
}

const Import* find_import(std::string_view module, std::string_view name) {
  for (const std::span<const Import> table : {abi_imports(), wasi_imports()}) {
    for (const Import& import : table) {
      if (import.module == module && import.name == name) return &import;
    }
  }
  return nullptr;
}

char type_letter(const wasm_valtype_t& type) {
  wasmtime_valtype_t whole;  // wasm_valtype_kind() would end the process on a v128
  wasmtime_valtype_new(&type, &whole);
  const std::size_t kind = whole.kind;
  wasmtime_valtype_delete(&whole);
  constexpr std::string_view kLetters = "iIfFV";
  static_assert(WASMTIME_VALTYPE_KIND_I32 == 0 && WASMTIME_VALTYPE_KIND_I64 == 1 &&
                WASMTIME_VALTYPE_KIND_F32 == 2 && WASMTIME_VALTYPE_KIND_F64 == 3 &&
                WASMTIME_VALTYPE_KIND_V128 == 4);
  return kind < kLetters.size() ? kLetters[kind] : '?';
}

std::string type_letters(const wasm_valtype_vec_t& types) {
  std::string letters;
  for (std::size_t i = 0; i < types.size; ++i) letters += type_letter(*types.data[i]);
  return letters;
}

void define_imports(wasmtime_linker_t* linker) {
  for (const std::span<const Import> table : {abi_imports(), wasi_imports()}) {
    for (const Import& import : table) {
      const OwnedFunctionType type = function_type(import);
      const OwnedError error(wasmtime_linker_define_func_unchecked(
          linker, import.module.data(), import.module.size(), import.name.data(),
          import.name.size(), type.get(), import.call, nullptr, nullptr));
      DW_CHECK(error == nullptr);
    }
  }
}

GuestState& calling_guest(wasmtime_caller_t* caller) {
  return *static_cast<GuestState*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
}

wasm_trap_t* trap_of_exception() noexcept {
  const auto trap = [](std::string_view what) {
    std::array<char, 1024> text;  // no string: there may be no memory for one
    const auto written = fmt::format_to_n(text.data(), text.size(),
                                          "an import failed inside the host: {:.200}", what);
    return wasmtime_trap_new(text.data(), std::min(written.size, text.size()));
  };
  try {
    throw;
  } catch (const std::exception& exception) {
    return trap(exception.what());
  } catch (...) {
    return trap("unknown exception");
  }
}

}  // namespace driftwood::guest
