// What crosses between host and component: the records of `pipeline.wit`, in the layout of the canonical ABI on wasm32.
#ifndef BF_ABI_H
#define BF_ABI_H

// An assert that does not hold must not go on with wrong numbers, whatever the compiler's flags say about speed.
#undef NDEBUG
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { const void *ptr; uint32_t len; } bf_list;  // list<T>, string
typedef struct { uint8_t some; bf_list value; } bf_option;  // option<list<u8>>, option<string>
typedef struct { bf_list values; bf_option offsets, validity; } bf_column;
typedef struct { uint32_t rows; const bf_column *columns; uint32_t len; } bf_batch;
typedef struct { uint32_t row; bf_list reason; } bf_rejection;
typedef struct { bf_list name, value; } bf_param;

typedef struct { uint8_t tag; bf_list text; } bf_origin;
typedef struct { bf_list name; bf_origin origin; uint8_t kind, encoding; bool nullable; } bf_abi_input;
typedef struct { bf_list path, any_of; } bf_abi_condition;
typedef struct { bf_list name; uint8_t kind; bool nullable; } bf_abi_output;
typedef struct {
  bf_list name, version, inputs, only;
  bf_option event_time;
  bf_list keys, states, views;
  bool commutative;
} bf_descriptor;

// result<_, string>: `ok` where `failed` is 0, otherwise `message`.
typedef struct { uint8_t failed; union { bf_descriptor ok; bf_list message; } u; } bf_opened;
typedef struct { uint8_t failed; union { bf_list rejections; bf_list message; } u; } bf_folded;
typedef struct { uint8_t failed; union { bf_batch ok; bf_list message; } u; } bf_answer;

#ifdef __wasm__
static_assert(sizeof(bf_column) == 32 && sizeof(bf_rejection) == 12 && sizeof(bf_abi_input) == 24, "not wasm32");
static_assert(sizeof(bf_abi_output) == 12 && sizeof(bf_descriptor) == 72 && sizeof(bf_opened) == 76, "not wasm32");
#endif

#ifdef __cplusplus
#define BF_C_LINKAGE extern "C"
#else
#define BF_C_LINKAGE
#endif

#define BF_EXPORT_NAME(name) BF_C_LINKAGE __attribute__((export_name(name), used))
// A function of the contract, and the one that is called when its answer has been read.
#define BF_EXPORT(interface, function) BF_EXPORT_NAME("backfold:pipeline/" interface "@0.1.0#" function)
#define BF_POST(interface, function) BF_EXPORT_NAME("cabi_post_backfold:pipeline/" interface "@0.1.0#" function)

#endif
