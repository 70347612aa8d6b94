// The estimate of an Hll sketch: the composite estimator of Apache DataSketches, for lg_k 12.
#ifndef BF_HLL_ESTIMATE_H
#define BF_HLL_ESTIMATE_H

#include <math.h>
#include <stdint.h>

#define BF_HLL_REGISTERS 4096

// Sums of 2^-register over the registers below 32, and over the others; both are exact.
typedef struct { double low, high; uint32_t zeros; } bf_hll_sums;

static inline bf_hll_sums bf_hll_sums_of(const uint8_t *registers) {
  uint32_t counts[64] = {0};
  bf_hll_sums sums = {0, 0, 0};
  for (uint32_t i = 0; i < BF_HLL_REGISTERS; i++) counts[registers[i] & 63]++;
  for (uint32_t value = 0; value < 64; value++)
    *(value < 32 ? &sums.low : &sums.high) += counts[value] / (double)(UINT64_C(1) << value);
  sums.zeros = counts[0];
  return sums;
}

// The raw estimates at which the true number is 160 times the index, on average: measured by the DataSketches project
// (CompositeInterpolationXTable, Apache License 2.0).
static const double bf_hll_raw_[257] = {
  2953.666722, 3031.310137, 3110.389526, 3190.908699, 3272.86541, 3356.267166, 3441.114376, 3527.404284, 3615.136846,
  3704.310976, 3794.924283, 3886.973846, 3980.451903, 4075.355844, 4171.681168, 4269.423939, 4368.569738, 4469.11176,
  4571.043603, 4674.35637, 4779.038117, 4885.076002, 4992.460659, 5101.176875, 5211.214098, 5322.553631, 5435.184633,
  5549.088369, 5664.258175, 5780.673987, 5898.312682, 6017.158593, 6137.195815, 6258.397951, 6380.761679, 6504.26163,
  6628.870413, 6754.585867, 6881.374325, 7009.206926, 7138.080376, 7267.979175, 7398.866805, 7530.722851, 7663.53158,
  7797.269872, 7931.90734, 8067.451667, 8203.855692, 8341.091306, 8479.155031, 8618.026003, 8757.682272, 8898.095612,
  9039.253787, 9181.124777, 9323.694329, 9466.944202, 9610.861899, 9755.403639, 9900.578346, 10046.356477, 10192.71877,
  10339.635914, 10487.081762, 10635.066232, 10783.56013, 10932.549371, 11082.024055, 11231.949071, 11382.332885,
  11533.122831, 11684.327555, 11835.935533, 11987.926999, 12140.281619, 12292.994375, 12446.046449, 12599.411083,
  12753.088314, 12907.079745, 13061.355923, 13215.895621, 13370.722085, 13525.795736, 13681.095971, 13836.645692,
  13992.405906, 14148.380716, 14304.56686, 14460.959382, 14617.539754, 14774.296125, 14931.214508, 15088.271748,
  15245.49387, 15402.867309, 15560.380994, 15718.035423, 15875.801492, 16033.687891, 16191.701231, 16349.808763,
  16508.026001, 16666.336068, 16824.745049, 16983.259302, 17141.848044, 17300.504517, 17459.240272, 17618.060296,
  17776.914688, 17935.84801, 18094.852645, 18253.914288, 18413.023567, 18572.168358, 18731.376016, 18890.631505,
  19049.948196, 19209.27926, 19368.638871, 19528.04386, 19687.498901, 19846.941765, 20006.443084, 20165.973535,
  20325.525957, 20485.10952, 20644.729917, 20804.363876, 20964.021778, 21123.698687, 21283.379344, 21443.080536,
  21602.821439, 21762.568135, 21922.305338, 22082.065878, 22241.856145, 22401.629436, 22561.435266, 22721.262644,
  22881.080478, 23040.916036, 23200.734053, 23360.583255, 23520.433188, 23680.275065, 23840.132678, 24000.012847,
  24159.886135, 24319.788338, 24479.654024, 24639.540316, 24799.466449, 24959.369335, 25119.276072, 25279.186502,
  25439.091982, 25599.020083, 25758.930671, 25918.847522, 26078.77306, 26238.704021, 26398.647566, 26558.603366,
  26718.539855, 26878.464425, 27038.402892, 27198.344989, 27358.270906, 27518.203448, 27678.169545, 27838.133625,
  27998.11163, 28158.064264, 28318.032491, 28477.994153, 28637.950838, 28797.910362, 28957.884994, 29117.86191,
  29277.814384, 29437.774223, 29597.762256, 29757.729819, 29917.688497, 30077.675371, 30237.667941, 30397.639431,
  30557.644527, 30717.622991, 30877.622641, 31037.598941, 31197.601527, 31357.599118, 31517.585221, 31677.569983,
  31837.556138, 31997.52788, 32157.500622, 32317.491709, 32477.504936, 32637.501123, 32797.51633, 32957.547336,
  33117.541765, 33277.561207, 33437.554332, 33597.564988, 33757.565321, 33917.56118, 34077.580598, 34237.597132,
  34397.598246, 34557.617536, 34717.623318, 34877.649722, 35037.645029, 35197.681143, 35357.700478, 35517.701804,
  35677.734383, 35837.736494, 35997.737103, 36157.732045, 36317.741539, 36477.735602, 36637.761491, 36797.742508,
  36957.734137, 37117.742952, 37277.789218, 37437.793798, 37597.779066, 37757.796449, 37917.794116, 38077.804399,
  38237.797507, 38397.788049, 38557.768583, 38717.768279, 38877.752553, 39037.747349, 39197.737646, 39357.774395,
  39517.752643, 39677.753347, 39837.740038, 39997.719486, 40157.709578, 40317.708657, 40477.719261, 40637.726978,
  40797.711139, 40957.707784
};

// The cubic through four points.
static inline double bf_cubic_(const double *x, const double *y, double at) {
  double sum = 0;
  for (int i = 0; i < 4; i++) {
    double over = 1, under = 1;
    for (int j = 0; j < 4; j++) {
      if (j == i) continue;
      over *= at - x[j];
      under *= x[i] - x[j];
    }
    sum += y[i] * over / under;
  }
  return sum;
}

static inline double bf_harmonic_(double n) {
  if (n < 25) {
    double sum = 0;
    for (int i = (int)n; i > 0; i--) sum += 1.0 / i;
    return sum;
  }
  double square = 1 / (n * n);
  double tail = square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square / 240)));
  return log(n) + 0.5772156649015329 + 1 / (2 * n) - tail;
}

// The estimate from the number of coupons, at most 384: some of them stand for two values.
static inline double bf_hll_estimate_of_coupons(uint32_t count) {
  static const double x[5] = {0, 1, 20, 400, 8000};
  static const double y[5] = {0, 1, 20.00000094374026, 400.0003963713384, 8000.158929460209};
  int from = count < 20 ? 0 : 1;
  double estimate = bf_cubic_(x + from, y + from, count);
  return estimate > count ? estimate : count;
}

static inline double bf_hll_estimate_of_registers(const uint8_t *registers) {
  const double k = BF_HLL_REGISTERS, stride = 160;
  const double *x = bf_hll_raw_;
  bf_hll_sums sums = bf_hll_sums_of(registers);
  double raw = 0.7213 / (1 + 1.079 / k) * k * k / (sums.low + sums.high);
  if (raw < x[0]) return 0;
  if (raw > x[256]) return raw * (stride * 256 / x[256]);
  int low = 0, high = 256;
  while (low + 1 < high) {
    int middle = low + (high - low) / 2;
    if (x[middle] <= raw) low = middle;
    else high = middle;
  }
  int from = low == 0 ? 0 : low == 255 ? 253 : low - 1;
  double y[4];
  for (int i = 0; i < 4; i++) y[i] = stride * (from + i);
  double adjusted = raw == x[256] ? stride * 256 : bf_cubic_(x + from, y, raw);
  if (adjusted > 3 * k) return adjusted;
  // Few values leave registers at zero, and their number tells more.
  double linear = sums.zeros == 0 ? k * log(2 * k) : k * (bf_harmonic_(k) - bf_harmonic_(sums.zeros));
  return (adjusted + linear) / 2 > 0.64 * k ? adjusted : linear;
}

#endif
