/* The Driftwood guest ABI, version 1: what a WebAssembly guest imports from the module "driftwood"
 * and what it exports. docs/abi.md is the specification; this header is its C form.
 *
 * Rules that hold for every import:
 * - Arguments and results are 32-bit integers. A result >= 0 is a value; a result < 0 is a DW_E_*
 *   code, and dw_error_text gives the sentence that belongs to it.
 * - A (pointer, size) pair must lie inside the guest's memory; otherwise it is DW_E_INVALID.
 * - "Returns the whole size": the call writes at most `capacity` bytes and returns how many there
 *   are, so a first call with capacity 0 asks for the size.
 * - Handles are positive numbers that this guest was given; they count up and are not reused.
 * - No import waits for a device. A guest asks for a run and returns from its export.
 */
#ifndef DRIFTWOOD_H
#define DRIFTWOOD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DW_ABI_VERSION 1

enum dw_error {
  DW_E_INVALID = -1, /* the call or its arguments are wrong */
  DW_E_NOT_FOUND = -2,
  DW_E_CORRUPT = -3,
  DW_E_UNSUPPORTED = -4,
  DW_E_LIMIT = -5, /* a limit of this guest is reached */
  DW_E_MEMORY = -6,
  DW_E_DEVICE = -7, /* the device is lost */
  DW_E_IO = -8,
  DW_E_TIMEOUT = -9,
  DW_E_CANCELLED = -10,
};

enum dw_log_level { DW_LOG_DEBUG = 0, DW_LOG_INFO = 1, DW_LOG_WARNING = 2, DW_LOG_ERROR = 3 };

/* Element types; the numbers are those of the program encoding. */
enum dw_dtype { DW_F32 = 1, DW_F16 = 2, DW_BF16 = 3, DW_I32 = 7, DW_U8 = 9 };

enum dw_access { DW_READ = 1, DW_READ_WRITE = 3 };

/* Texts that belong to a model. */
enum dw_config {
  DW_CONFIG_MODEL = 0,      /* config.json; "{}" if the model is a bare file */
  DW_CONFIG_GENERATION = 1, /* generation_config.json; "{}" if the model has none */
  DW_CONFIG_OPTIONS = 2 /* what the actor's owner asked for: {"context": rows, "kv_dtype": "f32"};
                           each key may be absent */
};

typedef struct dw_weight_info {
  uint32_t dtype; /* dw_dtype */
  uint32_t rank;
  uint32_t dims[6]; /* outermost first; 0 beyond rank */
} dw_weight_info;

typedef struct dw_state_shape {
  uint32_t dtype; /* DW_F32, DW_BF16 or DW_F16 */
  uint32_t planes;
  uint32_t heads;
  uint32_t head_dim;
  uint32_t most_rows;
} dw_state_shape;

typedef struct dw_register_shape {
  uint32_t dtype; /* dw_dtype */
  uint32_t rank;
  uint32_t dims[4]; /* outermost first, at least 1; 0 beyond rank */
} dw_register_shape;

enum dw_slot_kind { DW_SLOT_WINDOW = 1, DW_SLOT_STATE = 2, DW_SLOT_REGISTER = 3 };

typedef struct dw_binding {
  uint32_t kind;         /* dw_slot_kind */
  uint32_t slot;         /* of the program */
  uint32_t handle;       /* of a window, a state or a register */
  uint32_t offset_bytes; /* into the window, a multiple of 4; otherwise 0 */
} dw_binding;

/* Events that dw_resume receives. */
enum dw_event {
  DW_EVENT_MESSAGE = 1,  /* a message waits; read it with dw_message_read */
  DW_EVENT_RUN_DONE = 2, /* the run has ended; status 0, or the DW_E_* code of its failure */
  DW_EVENT_CANCEL = 3,   /* the owner wants the work on the present message to end */
  DW_EVENT_DEADLINE = 4, /* reserved: the time for the present message is over */
  DW_EVENT_SHUTDOWN = 5, /* reserved: the actor ends after this call */
  DW_EVENT_CONTINUE = 6  /* the guest asked for another call */
};

/* What driftwood_start and driftwood_resume return; a negative DW_E_* code ends the actor as
 * failed. */
enum dw_next {
  DW_NEXT_IDLE = 0,     /* call again when a message is there */
  DW_NEXT_RUN = 1,      /* call again when the run that was started has ended */
  DW_NEXT_CONTINUE = 2, /* call again at once; gives others a turn and takes the output away */
  DW_NEXT_FINISHED = 3  /* never call again */
};

#ifdef __wasm__
#define DW_IMPORT(name) __attribute__((import_module("driftwood"), import_name(#name)))
#define DW_EXPORT(name) __attribute__((export_name(#name)))
#else
#define DW_IMPORT(name)
#define DW_EXPORT(name)
#endif

/* DW_ABI_VERSION of the host. */
DW_IMPORT(abi_version) int32_t dw_abi_version(void);

/* Writes one line of UTF-8 text to the host's log. */
DW_IMPORT(log) int32_t dw_log(int32_t level, const char* text, uint32_t size);

/* The sentence of the last import of this guest that failed. Returns the whole size. */
DW_IMPORT(error_text) int32_t dw_error_text(char* out, uint32_t capacity);

/* The actor's model `index` (there is one, 0). Returns a handle. DW_E_NOT_FOUND if it was given
 * none. */
DW_IMPORT(model_open) int32_t dw_model_open(uint32_t index);

/* A text of the model (dw_config). Returns the whole size. */
DW_IMPORT(model_config)
int32_t dw_model_config(int32_t model, uint32_t which, char* out, uint32_t capacity);

/* Dtype and shape of a weight by its name in the checkpoint. DW_E_NOT_FOUND if there is none. */
DW_IMPORT(model_weight)
int32_t dw_model_weight(int32_t model, const char* name, uint32_t name_size, dw_weight_info* out);

/* UTF-8 text to token ids; add_special runs the tokenizer's post-processor, which usually puts a
 * BOS first. Writes at most `capacity` ids, returns how many there are. DW_E_NOT_FOUND if the model
 * has no tokenizer. */
DW_IMPORT(tokens_encode)
int32_t dw_tokens_encode(int32_t model, const char* text, uint32_t size, uint32_t add_special,
                         int32_t* ids, uint32_t capacity);

/* The text that ids[skip..count) add to that of ids[0..skip), special tokens left out. Bytes of a
 * character that is not complete at the end are held back: decode again with the ids that follow,
 * the same `skip`. With `complete` they come as U+FFFD instead. Returns the whole size, in bytes; 0
 * while all is held back. */
DW_IMPORT(tokens_decode)
int32_t dw_tokens_decode(int32_t model, const int32_t* ids, uint32_t count, uint32_t skip,
                         uint32_t complete, char* out, uint32_t capacity);

/* Shares [address, address + size) of the guest's memory with the device, both multiples of 65,536,
 * in place: what either side writes, the other reads. Windows do not overlap. Returns a handle.
 * Between dw_graph_start and the run's end the bytes bound to the run belong to the device. */
DW_IMPORT(window_share) int32_t dw_window_share(void* address, uint32_t size, uint32_t access);

/* A state of rows that only grows (a KV cache), empty. Returns a handle. */
DW_IMPORT(state_append) int32_t dw_state_append(const dw_state_shape* shape);

/* A register: a value of fixed shape that each run rewrites (an LSTM's h and c), zero. A run reads
 * what the last one left, and a run that fails or is cancelled leaves it as it was. To begin again
 * from zero, bind a new one. Returns a handle. */
DW_IMPORT(state_register) int32_t dw_state_register(const dw_register_shape* shape);

/* Live rows of a state. */
DW_IMPORT(state_length) int32_t dw_state_length(int32_t state);

/* Drops the rows from `rows` on. DW_E_INVALID above the present length or while a run is in flight.
 */
DW_IMPORT(state_truncate) int32_t dw_state_truncate(int32_t state, uint32_t rows);

/* Says which tokens the rows of a state from `first` on stand for, `count` of them; rows may be
 * named before a run makes them live. Nothing computes with them: they lie beside the rows in a
 * frozen actor, for people and for computing the rows again elsewhere. DW_E_INVALID past the
 * state's limit of rows or with a gap behind the rows that are named; DW_E_LIMIT. */
DW_IMPORT(state_tokens)
int32_t dw_state_tokens(int32_t state, uint32_t first, const int32_t* ids, uint32_t count);

/* Gives a handle back, of any kind. What a graph has bound stays alive until the graph is released.
 */
DW_IMPORT(release) int32_t dw_release(int32_t handle);

/* Validates and compiles an encoded program (docs/program.md) for the actor's device, its weights
 * taken from `model` (0 if it uses none). Returns a handle. */
DW_IMPORT(graph_compile)
int32_t dw_graph_compile(int32_t model, const void* program, uint32_t size);

/* Binds slots of a graph; bindings stay until they are replaced. */
DW_IMPORT(graph_bind)
int32_t dw_graph_bind(int32_t graph, const dw_binding* bindings, uint32_t count);

/* Asks for one run with these symbol values; the guest then returns DW_NEXT_RUN. The values are
 * copied now. One run at a time. Returns the run's number, positive. */
DW_IMPORT(graph_start)
int32_t dw_graph_start(int32_t graph, const uint32_t* symbols, uint32_t count);

/* Takes back a run that was asked for in this very call of an export. */
DW_IMPORT(graph_cancel) int32_t dw_graph_cancel(int32_t run);

/* The bytes of the message being worked on. Returns the whole size. DW_E_NOT_FOUND if there is
 * none. */
DW_IMPORT(message_read) int32_t dw_message_read(void* out, uint32_t capacity);

/* Hands one output record to the actor's owner. */
DW_IMPORT(output_write) int32_t dw_output_write(const void* record, uint32_t size);

/* Eight bytes of the actor's seed stream; the host keeps them for a replay. */
DW_IMPORT(random_seed) int32_t dw_random_seed(uint64_t* out);

/* Nanoseconds of a clock that never goes back; the host keeps the value for a replay. */
DW_IMPORT(now) int32_t dw_now(uint64_t* out);

#ifndef __wasm__
/* Native builds only (a guest compiled into a program): memory that dw_window_share takes, `size` a
 * multiple of 65,536; null if there is none left. In WebAssembly any memory will do. */
void* dw_native_allocate(uint32_t size);
void dw_native_free(void* address);
#endif

/* The guest's side. driftwood_start is called once, after _initialize where that is exported. */
DW_EXPORT(driftwood_start) int32_t driftwood_start(void);
DW_EXPORT(driftwood_resume) int32_t driftwood_resume(int32_t event, int32_t status);

#ifdef __cplusplus
}
#endif
#endif
