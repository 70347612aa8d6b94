// The job's parameters, and the messages of errors.
#ifndef BF_PARAMS_H
#define BF_PARAMS_H

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "bf_monoid.h"

__attribute__((format(printf, 1, 2))) static inline const char *bf_message(const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, args);
  char *text = (char *)bf_take(&bf_memory.call, (size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  va_end(args);
  return text;
}

// Fails the call: `return bf_fail("no page may be called %s", name)`. In `fold`, the record goes to the quarantine with
// this message and the place; all others count. Elsewhere the run stops.
#define bf_fail(...) bf_fail_(bf_message(__VA_ARGS__), __FILE__, __LINE__, __func__)

static inline const char *bf_fail_(const char *message, const char *file, int line, const char *function) {
  const char *name = strrchr(file, '/');
  return bf_memory.failure = bf_message("Error: %s\n  at %s:%d in %s", message, name ? name + 1 : file, line, function);
}

// Fails the call unless the condition holds, as `assert` does. For functions that return a reason, such as `fold`.
#define BF_CHECK(condition)                                       \
  do {                                                            \
    if (!(condition)) return bf_fail("%s does not hold", #condition); \
  } while (0)

#define BF_MOST_PARAMS 64

// The parameters that the job gives. Each one must be asked for in `open`; one that is not is an error, as is one whose
// text has not the form of its kind.
typedef struct {
  const bf_param *given;
  uint32_t count, asked_count;
  bool used[BF_MOST_PARAMS];
  const char *asked[BF_MOST_PARAMS], *error;
} bf_params;

static inline const bf_param *bf_param_find_(bf_params *params, const char *name) {
  if (params->asked_count < BF_MOST_PARAMS) params->asked[params->asked_count++] = name;
  for (uint32_t i = 0; i < params->count && i < BF_MOST_PARAMS; i++) {
    bf_bytes given = {(const char *)params->given[i].name.ptr, params->given[i].name.len};
    if (!bf_same_bytes(given, bf_text(name))) continue;
    params->used[i] = true;
    return &params->given[i];
  }
  return NULL;
}

// The parameter of that name, or null.
static inline bf_utf8_or_null bf_param_utf8(bf_params *params, const char *name) {
  const bf_param *found = bf_param_find_(params, name);
  bf_utf8_or_null text;
  memset(&text, 0, sizeof text);
  if (!found) return text;
  // With a 0 after it, for C's functions on text.
  char *copy = (char *)bf_take(&bf_memory.kept, (size_t)found->value.len + 1);
  if (found->value.len) memcpy(copy, found->value.ptr, found->value.len);
  copy[found->value.len] = 0;
  text.present = true;
  text.value.ptr = copy;
  text.value.len = found->value.len;
  return text;
}

static inline void bf_param_refuse_(bf_params *params, const char *name, bf_utf8 text, const char *form) {
  if (!params->error) params->error = bf_message("the parameter %s = \"%.*s\" is not %s", name, (int)text.len, text.ptr, form);
}

// The integer in a parameter, or null.
static inline bf_int64_or_null bf_param_int64(bf_params *params, const char *name) {
  bf_utf8_or_null text = bf_param_utf8(params, name);
  bf_int64_or_null number = {false, 0};
  if (!text.present) return number;
  char *end;
  const char *first = text.value.ptr + (*text.value.ptr == '-' || *text.value.ptr == '+');
  errno = 0;
  long long read = strtoll(text.value.ptr, &end, 10);
  number.present = *first >= '0' && *first <= '9' && end == text.value.ptr + text.value.len && errno == 0;
  if (number.present) number.value = read;
  else bf_param_refuse_(params, name, text.value, "an integer of 64 bits");
  return number;
}

// The number in a parameter, or null.
static inline bf_float64_or_null bf_param_float64(bf_params *params, const char *name) {
  bf_utf8_or_null text = bf_param_utf8(params, name);
  bf_float64_or_null number = {false, 0};
  if (!text.present) return number;
  char *end;
  number.value = strtod(text.value.ptr, &end);
  number.present = text.value.len > 0 && end == text.value.ptr + text.value.len;
  if (!number.present) bf_param_refuse_(params, name, text.value, "a number");
  return number;
}

// The `true` or `false` in a parameter, or null.
static inline bf_boolean_or_null bf_param_boolean(bf_params *params, const char *name) {
  bf_utf8_or_null text = bf_param_utf8(params, name);
  bf_boolean_or_null read = {false, false};
  if (!text.present) return read;
  read.value = bf_same_bytes(text.value, bf_text("true"));
  read.present = read.value || bf_same_bytes(text.value, bf_text("false"));
  if (!read.present) bf_param_refuse_(params, name, text.value, "true or false");
  return read;
}

// The error of the parameters, or NULL.
static inline const char *bf_params_error_(const bf_params *params) {
  if (params->error) return params->error;
  if (params->count > BF_MOST_PARAMS) return "there are more than 64 parameters";
  for (uint32_t i = 0; i < params->count; i++) {
    if (params->used[i]) continue;
    const char *known = params->asked_count ? "" : "none";
    for (uint32_t j = 0; j < params->asked_count; j++) known = bf_message("%s%s%s", known, j ? ", " : "", params->asked[j]);
    bf_list name = params->given[i].name;
    return bf_message("the parameter %.*s is not known; the pipeline takes %s", (int)name.len, (const char *)name.ptr, known);
  }
  return NULL;
}

#endif
