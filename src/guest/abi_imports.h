// The imports of module "driftwood", one function each; sdk/driftwood.h says what they do. The
// parameters are the guest's, all unchecked numbers. import_table.cpp gives them to WebAssembly,
// native_instance.cpp to guests that are part of the program.
#pragma once

#include <cstdint>

#include "core/error.h"
#include "guest/guest_state.h"

namespace driftwood::guest::abi {

// What an import gives: 0 or more; a value that an i32 cannot hold is answered with DW_E_LIMIT.
using Answer = Result<std::uint64_t>;
using u32 = std::uint32_t;

// What the guest gets for an answer; the sentence of an error is kept for error_text.
std::int32_t to_guest(GuestState& guest, const Answer& answer);

// The answer where the host itself has not the memory for a call.
Answer without_memory();

// abi_text.cpp
Answer abi_version(GuestState& guest);
Answer log(GuestState& guest, u32 level, u32 text, u32 size);
Answer error_text(GuestState& guest, u32 out, u32 capacity);

// abi_model.cpp
Answer model_open(GuestState& guest, u32 index);
Answer model_config(GuestState& guest, u32 model, u32 which, u32 out, u32 capacity);
Answer model_weight(GuestState& guest, u32 model, u32 name, u32 name_size, u32 out);

// abi_tokens.cpp
Answer tokens_encode(GuestState& guest, u32 model, u32 text, u32 size, u32 add_special, u32 ids,
                     u32 capacity);
Answer tokens_decode(GuestState& guest, u32 model, u32 ids, u32 count, u32 skip, u32 complete,
                     u32 out, u32 capacity);

// abi_memory.cpp
Answer window_share(GuestState& guest, u32 address, u32 size, u32 access);
Answer state_append(GuestState& guest, u32 shape);
Answer state_register(GuestState& guest, u32 shape);
Answer state_length(GuestState& guest, u32 state);
Answer state_truncate(GuestState& guest, u32 state, u32 rows);
Answer state_tokens(GuestState& guest, u32 state, u32 first, u32 ids, u32 count);
Answer release(GuestState& guest, u32 handle);

// abi_graph.cpp
Answer graph_compile(GuestState& guest, u32 model, u32 program, u32 size);
Answer graph_bind(GuestState& guest, u32 graph, u32 bindings, u32 count);

// abi_run.cpp
Answer graph_start(GuestState& guest, u32 graph, u32 symbols, u32 count);
Answer graph_cancel(GuestState& guest, u32 run);

// abi_exchange.cpp
Answer message_read(GuestState& guest, u32 out, u32 capacity);
Answer output_write(GuestState& guest, u32 record, u32 size);
Answer random_seed(GuestState& guest, u32 out);
Answer now(GuestState& guest, u32 out);

}  // namespace driftwood::guest::abi
