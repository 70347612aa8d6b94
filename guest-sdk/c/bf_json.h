// Events from lines of JSON, as the host decodes them: for tests, natively.
#ifndef BF_JSON_H
#define BF_JSON_H

#include "bf_instance.h"

// A cursor over JSON text, which must be valid.
typedef struct { const char *at, *end; } bf_json_cursor;

static inline void bf_json_space(bf_json_cursor *json) {
  while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\r' || *json->at == '\n')) json->at++;
}

static inline bool bf_json_is(bf_json_cursor *json, char c) {
  bf_json_space(json);
  return json->at < json->end && *json->at == c;
}

static inline void bf_json_skip_string(bf_json_cursor *json) {
  for (json->at++; json->at < json->end && *json->at != '"'; json->at++)
    if (*json->at == '\\') json->at++;
  json->at++;
}

// Passes over a value; returns its text.
static inline bf_bytes bf_json_value(bf_json_cursor *json) {
  bf_json_space(json);
  const char *start = json->at;
  if (json->at < json->end && *json->at == '"') {
    bf_json_skip_string(json);
  } else if (json->at < json->end && (*json->at == '{' || *json->at == '[')) {
    int depth = 0;
    do {
      if (*json->at == '"') {
        bf_json_skip_string(json);
        continue;
      }
      depth += *json->at == '{' || *json->at == '[';
      depth -= *json->at == '}' || *json->at == ']';
      json->at++;
    } while (depth > 0 && json->at < json->end);
  } else {
    while (json->at < json->end && !strchr(",]} \t\r\n", *json->at)) json->at++;
  }
  if (json->at > json->end) json->at = json->end;
  bf_bytes text = {start, (uint32_t)(json->at - start)};
  return text;
}

static inline uint32_t bf_json_hex4(const char *at) {
  char digits[5] = {at[0], at[1], at[2], at[3], 0};
  return (uint32_t)strtoul(digits, NULL, 16);
}

static inline char *bf_json_put_utf8(char *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (char)c;
  } else if (c < 0x800) {
    *to++ = (char)(0xc0 | c >> 6);
    *to++ = (char)(0x80 | (c & 63));
  } else if (c < 0x10000) {
    *to++ = (char)(0xe0 | c >> 12);
    *to++ = (char)(0x80 | (c >> 6 & 63));
    *to++ = (char)(0x80 | (c & 63));
  } else {
    *to++ = (char)(0xf0 | c >> 18);
    *to++ = (char)(0x80 | (c >> 12 & 63));
    *to++ = (char)(0x80 | (c >> 6 & 63));
    *to++ = (char)(0x80 | (c & 63));
  }
  return to;
}

// The text of a string, without quotes and escapes; the text itself of any other value.
static inline bf_bytes bf_json_text(bf_bytes value) {
  if (value.len < 2 || *value.ptr != '"') return value;
  char *text = (char *)bf_take(&bf_memory.call, value.len), *to = text;
  const char *end = value.ptr + value.len - 1;
  for (const char *at = value.ptr + 1; at < end; at++) {
    if (*at != '\\') {
      *to++ = *at;
      continue;
    }
    static const char from[] = "bfnrt", into[] = "\b\f\n\r\t";
    const char *simple = strchr(from, *++at);
    if (*at != 'u') {
      *to++ = simple && *simple ? into[simple - from] : *at;
      continue;
    }
    uint32_t c = bf_json_hex4(at + 1);
    at += 4;
    if (c >= 0xd800 && c < 0xdc00 && end - at > 6) {
      c = 0x10000 + ((c - 0xd800) << 10) + (bf_json_hex4(at + 3) - 0xdc00);
      at += 6;
    }
    to = bf_json_put_utf8(to, c);
  }
  bf_bytes bytes = {text, (uint32_t)(to - text)};
  return bytes;
}

// The member of an object by a path, `\.` in which is a dot within a name. `ptr` is NULL if there is none.
static inline bf_bytes bf_json_member(bf_bytes object, const char *path) {
  bf_bytes none = {NULL, 0};
  char *name = (char *)bf_take(&bf_memory.call, strlen(path) + 1);
  while (*path) {
    size_t length = 0;
    for (; *path && *path != '.'; path++) {
      if (path[0] == '\\' && path[1]) path++;
      name[length++] = *path;
    }
    if (*path == '.') path++;
    bf_bytes wanted = {name, (uint32_t)length}, found = none;
    bf_json_cursor json = {object.ptr, object.ptr + object.len};
    if (!bf_json_is(&json, '{')) return none;
    json.at++;
    while (!bf_json_is(&json, '}') && json.at < json.end) {
      bf_bytes key = bf_json_text(bf_json_value(&json));
      if (!bf_json_is(&json, ':')) return none;
      json.at++;
      bf_bytes value = bf_json_value(&json);
      if (bf_same_bytes(key, wanted)) found = value;
      if (bf_json_is(&json, ',')) json.at++;
    }
    if (!found.ptr) return none;
    object = found;
  }
  return object;
}

// Digits as a number; false if there are none, or others follow.
static inline bool bf_json_digits(const char **at, int count, int *number) {
  *number = 0;
  for (; count > 0; count--, ++*at) {
    if (**at < '0' || **at > '9') return false;
    *number = *number * 10 + (**at - '0');
  }
  return true;
}

static inline bool bf_json_date(const char **at, bf_date *date) {
  int year, month, day;
  bool is_date = bf_json_digits(at, 4, &year) && *(*at)++ == '-' && bf_json_digits(at, 2, &month) && *(*at)++ == '-' &&
                 bf_json_digits(at, 2, &day);
  if (is_date) *date = bf_day(year, month, day);
  return is_date;
}

// An instant in the form of RFC 3339.
static inline bool bf_json_instant(const char *at, bf_timestamp *instant) {
  bf_date date;
  int hours, minutes, seconds, offset_hours = 0, offset_minutes = 0;
  if (!bf_json_date(&at, &date) || (*at != 'T' && *at != ' ')) return false;
  at++;
  if (!bf_json_digits(&at, 2, &hours) || *at++ != ':' || !bf_json_digits(&at, 2, &minutes) || *at++ != ':' ||
      !bf_json_digits(&at, 2, &seconds))
    return false;
  int64_t micros = 0, unit = 100000;
  if (*at == '.')
    for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10) micros += (*at - '0') * unit;
  if (*at == '+' || *at == '-') {
    int sign = *at++ == '-' ? -1 : 1;
    if (!bf_json_digits(&at, 2, &offset_hours) || *at++ != ':' || !bf_json_digits(&at, 2, &offset_minutes)) return false;
    offset_hours *= sign;
    offset_minutes *= sign;
  } else if (*at++ != 'Z') {
    return false;
  }
  int64_t total = (((int64_t)date * 24 + hours - offset_hours) * 60 + minutes - offset_minutes) * 60 + seconds;
  *instant = total * 1000000 + micros;
  return *at == 0;
}

static inline int bf_json_digit_of(const char *alphabet, char c) {
  const char *found = c ? strchr(alphabet, c) : NULL;
  return found ? (int)(found - alphabet) : -1;
}

// Bytes in hexadecimal or base64.
static inline bool bf_json_bytes(bf_bytes text, bool is_hex, bf_bytes *bytes) {
  static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  int width = is_hex ? 4 : 6, held = 0;
  char *out = (char *)bf_take(&bf_memory.call, text.len), *to = out;
  uint32_t bits = 0;
  for (uint32_t i = 0; i < text.len && text.ptr[i] != '='; i++) {
    char c = text.ptr[i], lower = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
    int digit = is_hex ? bf_json_digit_of("0123456789abcdef", lower) : bf_json_digit_of(base64, c);
    if (digit < 0) return false;
    bits = bits << width | (uint32_t)digit;
    held += width;
    if (held >= 8) *to++ = (char)(bits >> (held -= 8));
  }
  bytes->ptr = out;
  bytes->len = (uint32_t)(to - out);
  return true;
}

// Writes a value of JSON to the next column; false if it is not one of the input's kind.
static inline bool bf_json_put(bf_writer *row, const bf_input *input, bf_bytes value) {
  static const int64_t per_second[] = {0, 1, 1000, 1000000, 1000000000};
  bool is_string = value.len > 0 && *value.ptr == '"';
  bf_bytes text = bf_json_text(value), bytes;
  char *copy = (char *)bf_take(&bf_memory.call, (size_t)text.len + 1), *end = copy;
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  errno = 0;
  switch (input->kind) {
    case BF_KIND_boolean:
      bf_put_boolean(row, strcmp(copy, "true") == 0);
      return !is_string && (strcmp(copy, "true") == 0 || strcmp(copy, "false") == 0);
    case BF_KIND_int64: {
      long long number = strtoll(copy, &end, 10);
      bf_put_int64(row, number);
      return !is_string && *end == 0 && errno == 0;
    }
    case BF_KIND_float64: {
      double number = strtod(copy, &end);
      bf_put_float64(row, number);
      return !is_string && *end == 0;
    }
    case BF_KIND_timestamp: {
      bf_timestamp at = 0;
      bool is_instant = is_string && bf_json_instant(copy, &at);
      if (input->encoding != BF_STANDARD) {
        __extension__ __int128 scaled = (__extension__ (__int128)strtoll(copy, &end, 10)) * 1000000;
        at = (bf_timestamp)(scaled / per_second[input->encoding]);
        is_instant = !is_string && *end == 0 && errno == 0;
      }
      bf_put_timestamp(row, at);
      return is_instant;
    }
    case BF_KIND_date: {
      const char *from = copy;
      bf_date date = 0;
      bool is_date = is_string && bf_json_date(&from, &date) && *from == 0;
      bf_put_date(row, date);
      return is_date;
    }
    case BF_KIND_utf8: bf_put_utf8(row, text); return is_string;
    case BF_KIND_json: bf_put_json(row, value); return true;
    default:
      if (is_string && bf_json_bytes(text, input->encoding == BF_HEX, &bytes)) {
        bf_put_binary(row, bytes);
        return true;
      }
      bf_put_binary(row, bf_text(""));
      return false;
  }
}

// A null in a column of any kind.
static inline void bf_json_put_none(bf_writer *row, uint8_t kind) {
  if (!bf_is_cut(kind) && kind != BF_KIND_boolean)
    memset(row->next->values + row->next->rows * (size_t)(kind == BF_KIND_date ? 4 : 8), 0, kind == BF_KIND_date ? 4 : 8);
  bf_put_null_(row);
}

// Whether a record meets all conditions.
static inline bool bf_json_is_wanted(const char *const *only, bf_bytes line) {
  for (; *only; only++) {
    bf_bytes value = bf_json_member(line, *only++);
    bool met = false;
    for (; *only; only++) met = met || (value.ptr && bf_same_bytes(bf_json_text(value), bf_text(*only)));
    if (!met) return false;
  }
  return true;
}

// Writes a record to the columns of the inputs. NULL, or why it is rejected; the row is then written nevertheless.
static inline const char *bf_json_record(const bf_spec *spec, bf_writer *row, bf_bytes line, int64_t offset) {
  const char *wrong = NULL;
  for (uint32_t i = 0; i < spec->input_count; i++) {
    const bf_input *input = &spec->inputs[i];
    bf_bytes value = {NULL, 0};
    switch (input->origin[0]) {
      case 1: bf_put_binary(row, line); continue;
      case 4: bf_put_timestamp(row, (int64_t)bf_day(2026, 1, 1) * 86400000000); continue;
      case 5: bf_put_utf8(row, bf_text("test.jsonl")); continue;
      case 7: bf_put_int64(row, offset); continue;
      case 2: case 3: case 6: break;
      default: value = bf_json_member(line, input->origin);
    }
    if (!value.ptr || bf_same_bytes(value, bf_text("null"))) {
      if (!input->nullable && !wrong) wrong = bf_message("%s: missing or null", input->name);
      bf_json_put_none(row, input->kind);
    } else if (!bf_json_put(row, input, value) && !wrong) {
      wrong = bf_message("%s: %.*s is not of its kind", input->name, (int)value.len, value.ptr);
    }
  }
  return wrong;
}

#endif
