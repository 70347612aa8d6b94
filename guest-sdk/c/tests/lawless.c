// The test of the laws fails where a law does not hold: here the difference of two states, which is not associative.
#include "backfold.h"

BF_EVENT(event, BF_IN(utf8, name, "name"), BF_IN(int64, number, "number"))
BF_KEY(key, BF_COLUMN(utf8, name))

typedef struct { int64_t value; } difference;
enum { difference_commutative = false };
static difference difference_identity(void) { return (difference){0}; }
static const char *difference_combine(difference *left, const difference *right) {
  left->value -= right->value;
  return NULL;
}
static const char *difference_fits(const difference *held) { return (void)held, NULL; }
static void difference_save(const difference *held, bf_writer *row) { bf_put_int64(row, held->value); }
static const char *difference_load(difference *held, bf_reader *from) {
  held->value = bf_get_int64(from);
  return NULL;
}

BF_STATE(state, BF_OWN(difference, kept, BF_OUT("kept", int64)))
BF_NO_VIEW

static const char *fold(const event *e) {
  bf_at((key){e->name})->kept.value -= e->number;
  return NULL;
}

BF_PIPELINE(.name = "lawless", .version = "0.1.0", .fold = fold)

#include "testing.h"

int main(void) {
  bf_test_open(0);
  for (int i = 0; i < 20; i++) bf_test_event("{'name':'%c','number':%d}", 'a' + i % 3, i);
  bf_test_laws();
  if (bf_test.failures == 0) return fprintf(stderr, "no law is broken\n"), 1;
  return 0;
}
