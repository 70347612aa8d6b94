// The conformance pipeline of guest-sdk/conformance/README.md.
#include "backfold.h"

BF_EVENT(event,
  BF_ONLY("type", "event", "probe"),
  BF_EVENT_TIME(at, "at"),
  BF_IN(boolean, flag, "flag"),
  BF_IN(int64, number, "number"),
  BF_IN(float64, ratio, "ratio"),
  BF_IN(date, day, "day"),
  BF_IN(utf8, text, "text"),
  BF_IN(binary, data, "data", BF_HEX),
  BF_IN(json, doc, "doc"),
  BF_IN_OR_NULL(boolean, opt_flag, "opt.flag"),
  BF_IN_OR_NULL(int64, opt_number, "opt.number"),
  BF_IN_OR_NULL(float64, opt_ratio, "opt.ratio"),
  BF_IN_OR_NULL(timestamp, opt_moment, "opt.moment", BF_EPOCH_MILLISECONDS),
  BF_IN_OR_NULL(date, opt_day, "opt.day"),
  BF_IN_OR_NULL(utf8, opt_text, "opt.text"),
  BF_IN_OR_NULL(binary, opt_data, "opt.data"),
  BF_IN_OR_NULL(json, opt_doc, "opt.doc"),
  BF_IN(utf8, key_text, "key.text"),
  BF_IN_OR_NULL(boolean, key_flag, "key.flag"),
  BF_IN_OR_NULL(int64, key_number, "key.number"),
  BF_IN_OR_NULL(timestamp, key_moment, "key.moment"),
  BF_IN_OR_NULL(date, key_day, "key.day"),
  BF_IN_OR_NULL(binary, key_data, "key.data"),
  BF_IN_OR_NULL(utf8, dotted, "dot\\.ted"),
  BF_IN(binary, payload, BF_PAYLOAD),
  BF_IN_OR_NULL(binary, record_key, BF_RECORD_KEY),
  BF_IN_OR_NULL(utf8, trace, BF_RECORD_HEADER("trace")),
  BF_IN(timestamp, record_time, BF_RECORD_TIME),
  BF_IN(utf8, source, BF_SOURCE_NAME),
  BF_IN_OR_NULL(int64, partition, BF_PARTITION),
  BF_IN(int64, offset, BF_OFFSET))

BF_KEY(key,
  BF_COLUMN(utf8, text),
  BF_COLUMN_OR_NULL(boolean, flag),
  BF_COLUMN_OR_NULL(int64, number),
  BF_COLUMN_OR_NULL(timestamp, moment),
  BF_COLUMN_OR_NULL(date, day),
  BF_COLUMN_OR_NULL(binary, data))

BF_STATE(state,
  BF_SUM(events),
  BF_SUM(total),
  BF_SUM(payload_bytes),
  BF_MIN(int64, least),
  BF_MAX(int64, greatest),
  BF_MIN(float64, low),
  BF_MAX(float64, high),
  BF_MAX(int64, max_offset),
  BF_MIN(timestamp, earliest),
  BF_MAX(timestamp, latest),
  BF_MIN(date, first_day),
  BF_MAX(date, last_day),
  BF_ANY(any),
  BF_ALL(all),
  BF_ALL(placed),
  BF_ANY(dotted),
  BF_FIRST(utf8, first_text),
  BF_FIRST(binary, first_data),
  BF_FIRST(utf8, first_doc),
  BF_LAST(boolean, last_flag),
  BF_LAST(int64, last_number),
  BF_LAST(float64, last_ratio),
  BF_LAST(timestamp, last_moment),
  BF_LAST(date, last_date),
  BF_LAST(utf8, last_text),
  BF_LAST(binary, last_data),
  BF_LAST(utf8, last_doc),
  BF_HLL(texts),
  BF_HLL(numbers))

BF_VIEW(view,
  BF_COLUMN(boolean, is_single),
  BF_COLUMN_OR_NULL(float64, mean),
  BF_COLUMN_OR_NULL(timestamp, hour),
  BF_COLUMN_OR_NULL(date, since),
  BF_COLUMN_OR_NULL(utf8, label),
  BF_COLUMN_OR_NULL(binary, reversed),
  BF_COLUMN(int64, distinct_texts))

static bf_int64_or_null lowest;
static bf_utf8_or_null fail_on, trap_on;

static const char *open(bf_params *params) {
  lowest = bf_param_int64(params, "floor");
  fail_on = bf_param_utf8(params, "fail_on");
  trap_on = bf_param_utf8(params, "trap_on");
  return NULL;
}

static const char *fold(const event *e) {
  state *s = bf_at((key){e->key_text, e->key_flag, e->key_number, e->key_moment, e->key_day, e->key_data});
  s->events += 1;
  s->total += e->number;
  s->payload_bytes += e->payload.len;
  bf_min_int64(&s->least, e->number);
  bf_max_int64(&s->greatest, e->number);
  bf_min_float64(&s->low, e->ratio);
  bf_max_float64(&s->high, e->ratio);
  bf_max_int64(&s->max_offset, e->offset);
  bf_min_timestamp(&s->earliest, e->at);
  bf_max_timestamp(&s->latest, e->at);
  bf_min_date(&s->first_day, e->day);
  bf_max_date(&s->last_day, e->day);
  s->any |= e->flag;
  s->all &= e->flag;
  s->placed &= e->source.len > 0 && e->offset >= 0 && e->record_time > 0 && !e->partition.present &&
               !e->record_key.present && !e->trace.present;
  s->dotted |= e->dotted.present;
  bf_first_utf8(&s->first_text, e->at, e->text);
  bf_first_binary(&s->first_data, e->at, e->data);
  bf_first_utf8(&s->first_doc, e->at, e->doc);
  if (e->opt_flag.present) bf_last_boolean(&s->last_flag, e->at, e->opt_flag.value);
  if (e->opt_number.present) bf_last_int64(&s->last_number, e->at, e->opt_number.value);
  if (e->opt_ratio.present) bf_last_float64(&s->last_ratio, e->at, e->opt_ratio.value);
  if (e->opt_moment.present) bf_last_timestamp(&s->last_moment, e->at, e->opt_moment.value);
  if (e->opt_day.present) bf_last_date(&s->last_date, e->at, e->opt_day.value);
  if (e->opt_text.present) bf_last_utf8(&s->last_text, e->at, e->opt_text.value);
  if (e->opt_data.present) bf_last_binary(&s->last_data, e->at, e->opt_data.value);
  if (e->opt_doc.present) bf_last_utf8(&s->last_doc, e->at, e->opt_doc.value);
  bf_hll_add_utf8(&s->texts, e->text);
  bf_hll_add_int64(&s->numbers, e->number);

  if (lowest.present && e->number < lowest.value) return bf_message("the number is below %lld", (long long)lowest.value);
  if (fail_on.present && bf_same_bytes(e->text, fail_on.value))
    return bf_fail("no text may be called %.*s", (int)e->text.len, e->text.ptr);
  if (trap_on.present && bf_same_bytes(e->text, trap_on.value)) abort();
  return NULL;
}

static void show(const state *s, view *shown) {
  shown->is_single = s->events == 1;
  shown->mean.present = s->events != 0;
  if (shown->mean.present) shown->mean.value = (double)bf_sum_value(s->total) / (double)bf_sum_value(s->events);
  shown->hour.present = s->latest.present;
  shown->hour.value = bf_truncated(s->latest.value, 3600);
  shown->since.present = s->earliest.present;
  shown->since.value = bf_day_of(s->earliest.value);
  shown->label.present = s->last_text.present;
  if (shown->label.present) shown->label.value = bf_join(s->last_text.value, bf_text("✓"));
  shown->reversed.present = s->last_data.present;
  if (shown->reversed.present) {
    uint32_t length = s->last_data.value.len;
    char *reversed = bf_alloc(length);
    for (uint32_t i = 0; i < length; i++) reversed[i] = s->last_data.value.ptr[length - 1 - i];
    shown->reversed.value = (bf_binary){reversed, length};
  }
  shown->distinct_texts = llround(bf_hll_estimate(&s->texts));
}

BF_PIPELINE(.name = "conformance", .version = "0.1.0", .open = open, .fold = fold, .present = show)
