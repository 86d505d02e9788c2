// Pixel loops of the page, for WebAssembly with SIMD; results are those of OpenCV (see planes.js).
//
// build.sh compiles this file to kernels.wasm, which is committed beside it. Pointers are places in the
// module's memory, which memory.js shares out. Planes have no gaps between rows.

#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))

typedef uint8_t u8;
typedef int32_t i32;

static inline i32 clipped(i32 value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

// Nearest whole number, the even one of two, of a small value: adding this leaves no room for fractions.
static inline i32 nearest(float value) { return (i32)((value + 12582912.0f) - 12582912.0f); }

// Averages of 2x2 pixels; `width` and `height` are those of the result.
EXPORT(halve) void halve(const u8 *restrict from, u8 *restrict to, i32 width, i32 height) {
  for (i32 y = 0; y < height; y++) {
    const u8 *first = from + 4 * y * width, *second = first + 2 * width;
    for (i32 x = 0; x < width; x++) {
      to[y * width + x] = (first[2 * x] + first[2 * x + 1] + second[2 * x] + second[2 * x + 1] + 2) >> 2;
    }
  }
}

// The same, not rounded.
EXPORT(halve_exactly) void halve_exactly(const u8 *restrict from, float *restrict to, i32 width, i32 height) {
  for (i32 y = 0; y < height; y++) {
    const u8 *first = from + 4 * y * width, *second = first + 2 * width;
    for (i32 x = 0; x < width; x++) {
      to[y * width + x] = (first[2 * x] + first[2 * x + 1] + second[2 * x] + second[2 * x + 1]) * 0.25f;
    }
  }
}

// Bilinear interpolation in fixed point: two places and weights of 11 bits for each column and row.
EXPORT(bilinear) void bilinear(
    const u8 *restrict from, i32 source_width, u8 *restrict to, i32 width, i32 height, const i32 *restrict columns,
    const i32 *restrict column_weights, const i32 *restrict rows, const i32 *restrict row_weights, i32 *restrict lines) {
  i32 known[2] = {-1, -1};
  for (i32 y = 0; y < height; y++) {
    for (i32 k = 0; k < 2; k++) {
      i32 row = rows[2 * y + k];
      if (known[row & 1] == row) continue;
      known[row & 1] = row;
      i32 *line = lines + (row & 1) * width;
      const u8 *pixels = from + row * source_width;
      for (i32 x = 0; x < width; x++) {
        i32 first = pixels[columns[2 * x]], second = pixels[columns[2 * x + 1]];
        line[x] = (first * column_weights[2 * x] + second * column_weights[2 * x + 1]) >> 4;
      }
    }
    const i32 *first = lines + (rows[2 * y] & 1) * width, *second = lines + (rows[2 * y + 1] & 1) * width;
    i32 first_weight = row_weights[2 * y], second_weight = row_weights[2 * y + 1];
    for (i32 x = 0; x < width; x++) {
      to[y * width + x] = (((first[x] * first_weight) >> 16) + ((second[x] * second_weight) >> 16) + 2) >> 2;
    }
  }
}

static inline __attribute__((always_inline)) void filter_line(
    const u8 *restrict pixels, const i32 *restrict columns, const float *restrict weights, i32 count, i32 width,
    float *restrict line) {
  for (i32 x = 0; x < width; x++, columns += count, weights += count) {
    float sum = 0;
    for (i32 k = 0; k < count; k++) sum += pixels[columns[k]] * weights[k];
    line[x] = sum;
  }
}

// Result in whole levels in `to`, or not rounded in `exact`; the other is 0.
static inline __attribute__((always_inline)) void filter_plane(
    const u8 *restrict from, i32 source_width, u8 *restrict to, float *restrict exact, i32 width, i32 height, i32 count,
    const i32 *restrict columns, const float *restrict column_weights, const i32 *restrict rows,
    const float *restrict row_weights, float *restrict lines, i32 *restrict known, float *restrict sums) {
  for (i32 k = 0; k < count; k++) known[k] = -1;
  for (i32 y = 0; y < height; y++) {
    float *result = exact ? exact + y * width : sums;
    for (i32 x = 0; x < width; x++) result[x] = 0;
    for (i32 k = 0; k < count; k++) {
      i32 row = rows[y * count + k];
      float *line = lines + (row % count) * width;
      if (known[row % count] != row) {
        known[row % count] = row;
        const u8 *pixels = from + row * source_width;
        if (count == 4) filter_line(pixels, columns, column_weights, 4, width, line);
        else filter_line(pixels, columns, column_weights, count, width, line);
      }
      float weight = row_weights[y * count + k];
      for (i32 x = 0; x < width; x++) result[x] += line[x] * weight;
    }
    if (exact) continue;
    for (i32 x = 0; x < width; x++) to[y * width + x] = clipped(nearest(sums[x]));
  }
}

// Separable filter with `count` places and weights for each column and row: bicubic or by areas.
EXPORT(filter) void filter(
    const u8 *restrict from, i32 source_width, u8 *restrict to, i32 width, i32 height, i32 count,
    const i32 *restrict columns, const float *restrict column_weights, const i32 *restrict rows,
    const float *restrict row_weights, float *restrict lines, i32 *restrict known, float *restrict sums) {
  filter_plane(
      from, source_width, to, 0, width, height, count, columns, column_weights, rows, row_weights, lines, known, sums);
}

// The same, not rounded.
EXPORT(filter_exactly) void filter_exactly(
    const u8 *restrict from, i32 source_width, float *restrict to, i32 width, i32 height, i32 count,
    const i32 *restrict columns, const float *restrict column_weights, const i32 *restrict rows,
    const float *restrict row_weights, float *restrict lines, i32 *restrict known) {
  filter_plane(
      from, source_width, 0, to, width, height, count, columns, column_weights, rows, row_weights, lines, known, 0);
}

// Gaussian blur with weights of 8 bits; `rows` and `columns` are the places of a line with its border.
EXPORT(blur) void blur(
    const u8 *restrict from, u8 *restrict to, i32 width, i32 height, const i32 *restrict weights, i32 radius,
    const i32 *restrict columns, const i32 *restrict rows, i32 *restrict line, i32 *restrict sums) {
  for (i32 y = 0; y < height; y++) {
    i32 *inner = line + radius;
    for (i32 x = 0; x < width; x++) inner[x] = 0;
    for (i32 k = 0; k <= 2 * radius; k++) {
      const u8 *pixels = from + rows[y + k] * width;
      i32 weight = weights[k];
      for (i32 x = 0; x < width; x++) inner[x] += pixels[x] * weight;
    }
    for (i32 x = 0; x < radius; x++) {
      line[x] = inner[columns[x]];
      inner[width + x] = inner[columns[radius + width + x]];
    }
    for (i32 x = 0; x < width; x++) sums[x] = 1 << 15;
    for (i32 k = 0; k <= 2 * radius; k++) {
      i32 weight = weights[k];
      for (i32 x = 0; x < width; x++) sums[x] += line[x + k] * weight;
    }
    for (i32 x = 0; x < width; x++) to[y * width + x] = sums[x] >> 16;
  }
}

static inline __attribute__((always_inline)) void mean_line(
    const double *restrict line, float *restrict means, i32 side, i32 width, double share) {
  for (i32 x = 0; x < width; x++) {
    double sum = 0;
    for (i32 k = 0; k < side; k++) sum += line[x + k];
    means[x] = (float)(sum * share);
  }
}

// Means over squares of `2 * radius + 1` pixels; `rows` and `columns` are the places of a line with its border.
// Sums are doubles, as in OpenCV: the variance is a small difference of large means.
static void box_means(
    const float *restrict from, float *restrict to, i32 width, i32 height, i32 radius, const i32 *restrict columns,
    const i32 *restrict rows, double *restrict line) {
  i32 side = 2 * radius + 1;
  double share = 1.0 / (side * side), *inner = line + radius;
  for (i32 x = 0; x < width; x++) inner[x] = 0;
  for (i32 k = 0; k < side - 1; k++) {
    for (i32 x = 0; x < width; x++) inner[x] += from[rows[k] * width + x];
  }
  for (i32 y = 0; y < height; y++, to += width) {
    const float *first = from + rows[y] * width, *last = from + rows[y + side - 1] * width;
    for (i32 x = 0; x < width; x++) inner[x] += last[x];
    for (i32 x = 0; x < radius; x++) {
      line[x] = inner[columns[x]];
      inner[width + x] = inner[columns[radius + width + x]];
    }
    if (side == 11) mean_line(line, to, 11, width, share);
    else mean_line(line, to, side, width, share);
    for (i32 x = 0; x < width; x++) inner[x] -= first[x];
  }
}

#define DARK_LEVEL 127.5f

// Gain and offset of each pixel in the guided filter whose guide is the picture itself: contrasts of
// `variance` are halved, in the dark those of a smaller one. `levels` and `squares`, which is scratch, are overwritten.
EXPORT(guide) void guide(
    float *restrict levels, float *restrict gains, float *restrict offsets, i32 width, i32 height, float variance,
    i32 radius, const i32 *restrict columns, const i32 *restrict rows, float *restrict squares,
    double *restrict line) {
  i32 size = width * height;
  for (i32 i = 0; i < size; i++) squares[i] = levels[i] * levels[i];
  box_means(levels, gains, width, height, radius, columns, rows, line);
  box_means(squares, offsets, width, height, radius, columns, rows, line);
  for (i32 i = 0; i < size; i++) {
    float mean = gains[i], spread = offsets[i] - mean * mean;
    spread = spread < 0 ? 0 : spread;
    float light = 255 * (mean < DARK_LEVEL ? mean / DARK_LEVEL : 1);
    float gain = spread / (spread + variance * (light * light) + 1);
    levels[i] = gain;
    squares[i] = mean - gain * mean;
  }
  box_means(levels, gains, width, height, radius, columns, rows, line);
  box_means(squares, offsets, width, height, radius, columns, rows, line);
}

static inline void enlarge_line(
    const float *restrict from, float *restrict to, i32 width, const i32 *restrict columns,
    const float *restrict fractions) {
  for (i32 x = 0; x < width; x++) {
    float left = from[columns[2 * x]], right = from[columns[2 * x + 1]];
    to[x] = left + fractions[x] * (right - left);
  }
}

// Each pixel times its gain, plus its offset; both are enlarged bilinearly, with two places and a fraction on the way
// from one to the other for each column and row. `lines` holds four rows of `width`.
EXPORT(guided) void guided(
    const u8 *restrict from, const float *restrict gains, const float *restrict offsets, i32 guide_width,
    u8 *restrict to, i32 width, i32 height, const i32 *restrict columns, const float *restrict column_fractions,
    const i32 *restrict rows, const float *restrict row_fractions, float *restrict lines) {
  i32 known[2] = {-1, -1};
  for (i32 y = 0; y < height; y++, from += width, to += width) {
    const float *pairs[2];
    for (i32 k = 0; k < 2; k++) {
      i32 row = rows[2 * y + k];
      float *pair = lines + (row & 1) * 2 * width;
      pairs[k] = pair;
      if (known[row & 1] == row) continue;
      known[row & 1] = row;
      enlarge_line(gains + row * guide_width, pair, width, columns, column_fractions);
      enlarge_line(offsets + row * guide_width, pair + width, width, columns, column_fractions);
    }
    const float *above = pairs[0], *below = pairs[1];
    float fraction = row_fractions[y];
    for (i32 x = 0; x < width; x++) {
      float gain = above[x] + fraction * (below[x] - above[x]);
      float offset = above[width + x] + fraction * (below[width + x] - above[width + x]);
      to[x] = clipped(nearest(gain * from[x] + offset));
    }
  }
}

// Weighted sum and an offset; the products are exact, as with OpenCV's fused multiplication.
EXPORT(weigh) void weigh(
    const u8 *restrict first, double gain, const u8 *restrict second, double second_gain, double offset,
    u8 *restrict to, i32 size) {
  for (i32 i = 0; i < size; i++) {
    float rest = (float)(second[i] * second_gain + offset);
    float sum = (float)(first[i] * gain + (double)rest);
    to[i] = clipped(nearest(sum));
  }
}

// Mixes the chroma of a picture and of its painting, without what opposes the picture's: u and v of both, and of the result.
EXPORT(own_chroma) void own_chroma(
    const u8 *restrict own_u, const u8 *restrict own_v, const u8 *restrict painted_u, const u8 *restrict painted_v,
    u8 *restrict to_u, u8 *restrict to_v, i32 size, float share, float palette, float faint) {
  for (i32 i = 0; i < size; i++) {
    float u = own_u[i] - 128.0f, v = own_v[i] - 128.0f, x = painted_u[i] - 128.0f, y = painted_v[i] - 128.0f;
    float along = u * x + v * y;
    float opposing = (along < 0 ? along : 0) / (u * u + v * v + faint);
    float gain = share - palette * opposing;
    to_u[i] = clipped(nearest(gain * u + palette * x + 128.0f));
    to_v[i] = clipped(nearest(gain * v + palette * y + 128.0f));
  }
}

EXPORT(look_up) void look_up(const u8 *restrict from, u8 *restrict to, i32 size, const u8 *restrict table) {
  for (i32 i = 0; i < size; i++) to[i] = table[from[i]];
}

EXPORT(count) void count(const u8 *restrict from, i32 size, i32 *restrict counts) {
  for (i32 level = 0; level < 256; level++) counts[level] = 0;
  for (i32 i = 0; i < size; i++) counts[from[i]]++;
}

static inline void sort(v128_t *first, v128_t *second) {
  v128_t low = wasm_u8x16_min(*first, *second);
  *second = wasm_u8x16_max(*first, *second);
  *first = low;
}

// Median of 25 values in each lane. A value is not the median if it is the least or the greatest of 14
// or more: such ones are left out, one of each kind at a time, until 3 are left.
static inline v128_t median_of_25(const v128_t *values) {
  v128_t kept[14];
  for (int i = 0; i < 14; i++) kept[i] = values[i];
#pragma clang loop unroll(full)
  for (int size = 14; size >= 3; size--) {
#pragma clang loop unroll(full)
    for (int i = 1; i < size; i++) sort(&kept[0], &kept[i]);
#pragma clang loop unroll(full)
    for (int i = 1; i < size - 1; i++) sort(&kept[i], &kept[size - 1]);
    if (size == 3) break;
    kept[0] = values[28 - size]; // the place of the least; the greatest falls off the end
  }
  return kept[1];
}

// Median over 5x5 pixels with replicated borders. `lines` holds five rows of `width + 20`.
EXPORT(median) void median(const u8 *restrict from, u8 *restrict to, i32 width, i32 height, u8 *restrict lines) {
  i32 stride = width + 20;
  for (i32 y = 0; y < height; y++) {
    for (i32 k = 0; k < 5; k++) {
      i32 row = y + k - 2;
      const u8 *pixels = from + (row < 0 ? 0 : row >= height ? height - 1 : row) * width;
      u8 *line = lines + k * stride;
      line[0] = line[1] = pixels[0];
      __builtin_memcpy(line + 2, pixels, width);
      for (i32 x = width + 2; x < stride; x++) line[x] = pixels[width - 1];
    }
    for (i32 x = 0; x < width; x += 16) {
      v128_t values[25];
      for (int k = 0; k < 5; k++) {
        for (int j = 0; j < 5; j++) values[5 * k + j] = wasm_v128_load(lines + k * stride + x + j);
      }
      v128_t middle = median_of_25(values);
      if (x + 16 <= width) {
        wasm_v128_store(to + y * width + x, middle);
      } else {
        u8 rest[16];
        wasm_v128_store(rest, middle);
        for (i32 i = 0; x + i < width; i++) to[y * width + x + i] = rest[i];
      }
    }
  }
}

static inline __attribute__((always_inline)) void sum_line(
    const i32 *restrict line, i32 *restrict sums, i32 side, i32 width) {
  for (i32 x = 0; x < width; x++) {
    i32 sum = 0;
    for (i32 k = 0; k < side; k++) sum += line[x + k];
    sums[x] = sum;
  }
}

// Sums over `side` pixels of a line with its border, which is filled in; `columns` are the places of the line.
static void sum_columns(
    i32 *restrict line, i32 *restrict sums, i32 width, i32 radius, const i32 *restrict columns) {
  i32 *inner = line + radius;
  for (i32 x = 0; x < radius; x++) {
    line[x] = inner[columns[x]];
    inner[width + x] = inner[columns[radius + width + x]];
  }
  if (radius == 1) sum_line(line, sums, 3, width);
  else if (radius == 3) sum_line(line, sums, 7, width);
  else sum_line(line, sums, 2 * radius + 1, width);
}

// Means over squares of `2 * radius + 1` pixels, rounded; `rows` and `columns` are as in `box_means`.
EXPORT(mean) void mean(
    const u8 *restrict from, u8 *restrict to, i32 width, i32 height, i32 radius, const i32 *restrict columns,
    const i32 *restrict rows, i32 *restrict line, i32 *restrict sums) {
  i32 side = 2 * radius + 1, *inner = line + radius;
  float share = 1.0f / (side * side);
  for (i32 x = 0; x < width; x++) inner[x] = 0;
  for (i32 k = 0; k < side - 1; k++) {
    for (i32 x = 0; x < width; x++) inner[x] += from[rows[k] * width + x];
  }
  for (i32 y = 0; y < height; y++, to += width) {
    const u8 *first = from + rows[y] * width, *last = from + rows[y + side - 1] * width;
    for (i32 x = 0; x < width; x++) inner[x] += last[x];
    sum_columns(line, sums, width, radius, columns);
    for (i32 x = 0; x < width; x++) to[x] = nearest(sums[x] * share);
    for (i32 x = 0; x < width; x++) inner[x] -= first[x];
  }
}

// Means over squares of whole numbers, times `scale`.
static void tensor_means(
    const i32 *restrict from, float *restrict to, i32 width, i32 height, i32 radius, const i32 *restrict columns,
    const i32 *restrict rows, double scale, i32 *restrict line, i32 *restrict sums) {
  i32 side = 2 * radius + 1, *inner = line + radius;
  double share = scale / (side * side);
  for (i32 x = 0; x < width; x++) inner[x] = 0;
  for (i32 k = 0; k < side - 1; k++) {
    for (i32 x = 0; x < width; x++) inner[x] += from[rows[k] * width + x];
  }
  for (i32 y = 0; y < height; y++, to += width) {
    const i32 *first = from + rows[y] * width, *last = from + rows[y + side - 1] * width;
    for (i32 x = 0; x < width; x++) inner[x] += last[x];
    sum_columns(line, sums, width, radius, columns);
    for (i32 x = 0; x < width; x++) to[x] = (float)(sums[x] * share);
    for (i32 x = 0; x < width; x++) inner[x] -= first[x];
  }
}

#define GRADIENT_UNIT 32 // of Scharr's weights, which add up to it a side

// Structure tensor: means over squares of `2 * radius + 1` pixels of gx² - gy², 2 gx gy and gx² + gy², one plane
// after the other. Sums are whole numbers, exact for a radius up to 3. `products` is scratch, as large as the result;
// `line` holds two rows with borders, `sums` one without.
EXPORT(tensor) void tensor(
    const u8 *restrict from, float *restrict to, i32 width, i32 height, i32 radius, const i32 *restrict columns,
    const i32 *restrict rows, i32 *restrict products, i32 *restrict line, i32 *restrict sums) {
  i32 size = width * height, left = columns[radius - 1], right = columns[radius + width];
  i32 *smooth = line + 1, *change = line + width + 3;
  for (i32 y = 0; y < height; y++) {
    const u8 *above = from + rows[radius + y - 1] * width, *here = from + y * width;
    const u8 *below = from + rows[radius + y + 1] * width;
    for (i32 x = 0; x < width; x++) {
      smooth[x] = 3 * (above[x] + below[x]) + 10 * here[x];
      change[x] = below[x] - above[x];
    }
    smooth[-1] = smooth[left], smooth[width] = smooth[right];
    change[-1] = change[left], change[width] = change[right];
    i32 *straight = products + y * width, *diagonal = straight + size, *energy = diagonal + size;
    for (i32 x = 0; x < width; x++) {
      i32 gx = smooth[x + 1] - smooth[x - 1], gy = 3 * (change[x - 1] + change[x + 1]) + 10 * change[x];
      straight[x] = gx * gx - gy * gy;
      diagonal[x] = 2 * gx * gy;
      energy[x] = gx * gx + gy * gy;
    }
  }
  double scale = 1.0 / (GRADIENT_UNIT * GRADIENT_UNIT);
  for (i32 k = 0; k < 3; k++) {
    tensor_means(products + k * size, to + k * size, width, height, radius, columns, rows, scale, line, sums);
  }
}

static inline v128_t floats(float value) { return wasm_f32x4_splat(value); }

// Product and sum with one rounding, as OpenCV's fused multiplication has it.
static inline v128_t fused(v128_t first, v128_t second, v128_t summand) {
  v128_t parts[2];
  for (int i = 0; i < 2; i++) {
    v128_t product = wasm_f64x2_mul(wasm_f64x2_promote_low_f32x4(first), wasm_f64x2_promote_low_f32x4(second));
    parts[i] = wasm_f32x4_demote_f64x2_zero(wasm_f64x2_add(product, wasm_f64x2_promote_low_f32x4(summand)));
    first = wasm_i64x2_shuffle(first, first, 1, 0);
    second = wasm_i64x2_shuffle(second, second, 1, 0);
    summand = wasm_i64x2_shuffle(summand, summand, 1, 0);
  }
  return wasm_i64x2_shuffle(parts[0], parts[1], 0, 2);
}

// Polynomial of doubles, with coefficients from the highest power to the constant.
static inline __attribute__((always_inline)) v128_t polynomial(v128_t x, const double *coefficients, int count) {
  v128_t result = wasm_f64x2_splat(coefficients[0]);
#pragma clang loop unroll(full)
  for (int i = 1; i < count; i++) result = wasm_f64x2_add(wasm_f64x2_mul(result, x), wasm_f64x2_splat(coefficients[i]));
  return result;
}

// Sine and cosine of angles -π/2..π/2, of doubles, rounded to floats.
static inline void turn(v128_t angle, v128_t *sine, v128_t *cosine) {
  static const double sines[] = {1 / 6227020800.0, -1 / 39916800.0, 1 / 362880.0, -1 / 5040.0, 1 / 120.0, -1 / 6.0, 1};
  static const double cosines[] = {
      -1 / 87178291200.0, 1 / 479001600.0, -1 / 3628800.0, 1 / 40320.0, -1 / 720.0, 1 / 24.0, -0.5, 1};
  v128_t square = wasm_f64x2_mul(angle, angle);
  *sine = wasm_f32x4_demote_f64x2_zero(wasm_f64x2_mul(polynomial(square, sines, 7), angle));
  *cosine = wasm_f32x4_demote_f64x2_zero(polynomial(square, cosines, 8));
}

#define DEGREE 57.29577951308232f
#define TINY 2.220446049250313e-16f // OpenCV's, against division by zero

// Angle of vectors in radians, 0..2π: OpenCV's approximation, off by up to 2e-4, with its roundings. The exact angle,
// or algebra of half angles, changes one pixel of 1300 by a level or two.
static inline v128_t angle_of(v128_t x, v128_t y) {
  v128_t wide = wasm_f32x4_abs(x), high = wasm_f32x4_abs(y), zero = floats(0);
  v128_t longer = wasm_f32x4_add(wasm_f32x4_pmax(wide, high), floats(TINY));
  v128_t slope = wasm_f32x4_div(wasm_f32x4_pmin(wide, high), longer), square = wasm_f32x4_mul(slope, slope);
  v128_t sum = floats(-0.04432655554792128f * DEGREE);
  sum = fused(sum, square, floats(0.1555786518463281f * DEGREE));
  sum = fused(sum, square, floats(-0.3258083974640975f * DEGREE));
  sum = fused(sum, square, floats(0.9997878412794807f * DEGREE));
  v128_t angle = wasm_f32x4_mul(sum, slope);
  angle = wasm_v128_bitselect(angle, wasm_f32x4_sub(floats(90), angle), wasm_f32x4_ge(wide, high));
  angle = wasm_v128_bitselect(wasm_f32x4_sub(floats(180), angle), angle, wasm_f32x4_lt(x, zero));
  angle = wasm_v128_bitselect(wasm_f32x4_sub(floats(360), angle), angle, wasm_f32x4_lt(y, zero));
  return wasm_f32x4_mul(angle, floats(0.017453292519943295f));
}

#define QUARTER 1.5707963267948966

// Steps of `length` along the contours, shorter where those of the picture cross; as vidstyle's smoothing.py has
// them, one for 2x2 pixels. Tensors are those of `tensor`; `straight` and `crossed` are coherences, `detail` is an
// energy. Of the tensors up to 3 values after the end are read; the results end with 4 more steps, of length 0.
EXPORT(steps) void steps(
    const float *strokes, const float *contours, float *across, float *down, i32 size, float length, float straight,
    float crossed, float detail) {
  v128_t zero = floats(0), one = floats(1);
  for (i32 i = 0; i < size; i += 4) {
    v128_t level = wasm_v128_load(contours + i), slope = wasm_v128_load(contours + size + i);
    v128_t energy = wasm_v128_load(contours + 2 * size + i);
    v128_t doubled = angle_of(
        wasm_f32x4_add(level, wasm_v128_load(strokes + i)),
        wasm_f32x4_add(slope, wasm_v128_load(strokes + size + i)));
    v128_t magnitude = wasm_f32x4_sqrt(fused(level, level, wasm_f32x4_mul(slope, slope)));
    v128_t coherence = wasm_f32x4_div(magnitude, wasm_f32x4_add(energy, floats(1e-3f)));
    v128_t crossing = wasm_f32x4_div(wasm_f32x4_sub(floats(straight), coherence), floats(straight - crossed));
    crossing = wasm_f32x4_pmin(wasm_f32x4_pmax(crossing, zero), one);
    v128_t share = wasm_f32x4_div(wasm_f32x4_mul(crossing, energy), wasm_f32x4_add(energy, floats(detail)));
    v128_t step = wasm_f32x4_mul(floats(-length), wasm_f32x4_sub(one, share));
    v128_t half = wasm_f32x4_mul(doubled, floats(0.5f)), quarter = wasm_f64x2_splat(QUARTER), sines[2], cosines[2];
    turn(wasm_f64x2_sub(wasm_f64x2_promote_low_f32x4(half), quarter), &sines[0], &cosines[0]);
    half = wasm_i64x2_shuffle(half, half, 1, 0);
    turn(wasm_f64x2_sub(wasm_f64x2_promote_low_f32x4(half), quarter), &sines[1], &cosines[1]);
    wasm_v128_store(across + i, wasm_f32x4_mul(step, wasm_i64x2_shuffle(cosines[0], cosines[1], 0, 2)));
    wasm_v128_store(down + i, wasm_f32x4_mul(step, wasm_i64x2_shuffle(sines[0], sines[1], 0, 2)));
  }
  wasm_v128_store(across + size, zero);
  wasm_v128_store(down + size, zero);
}

// Plane with its border pixels repeated around it.
EXPORT(pad) void pad(const u8 *restrict from, u8 *restrict to, i32 width, i32 height, i32 margin) {
  i32 stride = width + 2 * margin;
  for (i32 y = -margin; y < height + margin; y++, to += stride) {
    const u8 *pixels = from + (y < 0 ? 0 : y < height ? y : height - 1) * width;
    __builtin_memset(to, pixels[0], margin);
    __builtin_memcpy(to + margin, pixels, width);
    __builtin_memset(to + margin + width, pixels[width - 1], margin);
  }
}

#define NO_FRACTION 8388608.0f // added to a float, its fraction is rounded off, and its bits end with the number
#define NO_FRACTION_SIGNED 12582912.0f // the same for negative numbers
#define NO_FRACTION_SIGNED_BITS 0x4b400000

// Levels at the ends of four steps, each taken from 2x2 pixels, interpolated bilinearly and rounded: two rows of
// eight, 16 bits each. The four ends of a step lie one pixel apart, so that 3x3 pixels do for all; fractions are
// those of OpenCV, which adds each pixel's own coordinates. `x` and `y` are the upper left pixels; `origin` is
// subtracted from the places of the ends.
static inline __attribute__((always_inline)) void sample(
    const u8 *from, i32 stride, v128_t x, v128_t y, v128_t step_x, v128_t step_y, v128_t origin, v128_t *levels) {
  v128_t one = floats(1), signed_whole = floats(NO_FRACTION_SIGNED);
  v128_t first_x = wasm_f32x4_add(x, step_x), column = wasm_f32x4_floor(first_x);
  v128_t first_y = wasm_f32x4_add(y, step_y), row = wasm_f32x4_floor(first_y);
  v128_t second_x = wasm_f32x4_add(wasm_f32x4_add(x, one), step_x);
  v128_t second_y = wasm_f32x4_add(wasm_f32x4_add(y, one), step_y);
  v128_t right[2] = {wasm_f32x4_sub(first_x, column), wasm_f32x4_sub(second_x, wasm_f32x4_add(column, one))};
  v128_t down[2] = {wasm_f32x4_sub(first_y, row), wasm_f32x4_sub(second_y, wasm_f32x4_add(row, one))};
  v128_t places = wasm_i32x4_mul(wasm_f32x4_add(row, signed_whole), wasm_i32x4_splat(stride));
  places = wasm_i32x4_sub(wasm_i32x4_add(places, wasm_f32x4_add(column, signed_whole)), origin);
  const u8 *pixels[4] = {
      from + wasm_i32x4_extract_lane(places, 0), from + wasm_i32x4_extract_lane(places, 1),
      from + wasm_i32x4_extract_lane(places, 2), from + wasm_i32x4_extract_lane(places, 3)};
  v128_t byte = wasm_i32x4_splat(0xff), lines[3][2];
#pragma clang loop unroll(full)
  for (int k = 0; k < 3; k++) {
    v128_t four = wasm_v128_load32_zero(pixels[0] + k * stride);
    four = wasm_v128_load32_lane(pixels[1] + k * stride, four, 1);
    four = wasm_v128_load32_lane(pixels[2] + k * stride, four, 2);
    four = wasm_v128_load32_lane(pixels[3] + k * stride, four, 3);
    v128_t before = wasm_f32x4_convert_i32x4(wasm_v128_and(four, byte));
    v128_t between = wasm_f32x4_convert_i32x4(wasm_v128_and(wasm_u32x4_shr(four, 8), byte));
    v128_t after = wasm_f32x4_convert_i32x4(wasm_v128_and(wasm_u32x4_shr(four, 16), byte));
    lines[k][0] = wasm_f32x4_add(before, wasm_f32x4_mul(right[0], wasm_f32x4_sub(between, before)));
    lines[k][1] = wasm_f32x4_add(between, wasm_f32x4_mul(right[1], wasm_f32x4_sub(after, between)));
  }
#pragma clang loop unroll(full)
  for (int k = 0; k < 2; k++) {
    v128_t rounded[2];
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
      v128_t change = wasm_f32x4_sub(lines[k + 1][i], lines[k][i]);
      rounded[i] = wasm_f32x4_add(wasm_f32x4_add(lines[k][i], wasm_f32x4_mul(down[k], change)), floats(NO_FRACTION));
    }
    levels[k] = wasm_v128_or(wasm_v128_and(rounded[0], byte), wasm_i32x4_shl(rounded[1], 16));
  }
}

// Mean of whole numbers, the even one of two.
static inline v128_t middle(v128_t first, v128_t second) {
  v128_t sum = wasm_i16x8_add(first, second), half = wasm_u16x8_shr(sum, 1);
  return wasm_i16x8_add(half, wasm_v128_and(wasm_v128_and(sum, half), wasm_i16x8_splat(1)));
}

// Means of each pixel, weight 2, and of the two a step ahead and behind; `across` and `down` are as in `steps`, and
// `factor` times as much is taken. `from` has a margin of 4 pixels more than the longest step; up to 16 bytes after it
// are read.
EXPORT(hop) void hop(
    const u8 *restrict from, i32 margin, u8 *restrict to, i32 width, i32 height, const float *restrict across,
    const float *restrict down, float factor) {
  i32 stride = width + 2 * margin, half = (width + 1) >> 1;
  from += margin * stride + margin;
  v128_t origin = wasm_i32x4_splat((i32)((uint32_t)NO_FRACTION_SIGNED_BITS * (uint32_t)(stride + 1)));
  for (i32 y = 0; y < height; y += 2, across += half, down += half) {
    v128_t row = floats(y), column = wasm_f32x4_make(0, 2, 4, 6);
    for (i32 x = 0; x < width; x += 8) {
      v128_t step_x = wasm_f32x4_mul(wasm_v128_load(across + (x >> 1)), floats(factor));
      v128_t step_y = wasm_f32x4_mul(wasm_v128_load(down + (x >> 1)), floats(factor));
      v128_t ahead[2], behind[2];
      sample(from, stride, column, row, step_x, step_y, origin, ahead);
      sample(from, stride, column, row, wasm_f32x4_neg(step_x), wasm_f32x4_neg(step_y), origin, behind);
      column = wasm_f32x4_add(column, floats(8));
      for (i32 k = 0; k < 2 && y + k < height; k++) {
        v128_t levels = middle(middle(ahead[k], behind[k]), wasm_u16x8_load8x8(from + (y + k) * stride + x));
        levels = wasm_u8x16_narrow_i16x8(levels, levels);
        u8 *place = to + (y + k) * width + x;
        if (x + 8 <= width) {
          wasm_v128_store64_lane(place, levels, 0);
        } else {
          u8 rest[16];
          wasm_v128_store(rest, levels);
          for (i32 i = 0; x + i < width; i++) place[i] = rest[i];
        }
      }
    }
  }
}

#define BITS 10 // fractional bits of the color matrices

// Planes of full size to RGB 0..1 inside a border, which repeats pixels: `columns` and `rows` are the
// places of each column and row of the result, which begins `border` columns and rows before the picture.
// `matrix` is scale, red V, its offset, green U and V, their offset, blue U, its offset.
EXPORT(planes_to_network) void planes_to_network(
    const u8 *restrict y, const u8 *restrict u, const u8 *restrict v, float *to, i32 width, i32 height, i32 border,
    i32 wide, i32 high, const i32 *restrict columns, const i32 *restrict rows, const i32 *restrict matrix) {
  for (i32 row = 0; row < height; row++) {
    float *line = to + 3 * (row + border) * wide, *pixel = line + 3 * border;
    for (i32 x = 0; x < width; x++, pixel += 3) {
      i32 i = row * width + x, light = y[i] * matrix[0];
      pixel[0] = clipped((light + matrix[1] * v[i] + matrix[2]) >> BITS) / 255.0f;
      pixel[1] = clipped((light + matrix[3] * u[i] + matrix[4] * v[i] + matrix[5]) >> BITS) / 255.0f;
      pixel[2] = clipped((light + matrix[6] * u[i] + matrix[7]) >> BITS) / 255.0f;
    }
    for (i32 x = 0; x < wide; x++) {
      if (x >= border && x < border + width) continue;
      for (i32 k = 0; k < 3; k++) line[3 * x + k] = line[3 * (border + columns[x]) + k];
    }
  }
  for (i32 row = 0; row < high; row++) {
    if (row >= border && row < border + height) continue;
    __builtin_memcpy(to + 3 * row * wide, to + 3 * (border + rows[row]) * wide, 12 * wide);
  }
}

static inline i32 level(float value) { return value <= 0 ? 0 : value >= 1 ? 255 : (i32)(value * 255 + 0.5f); }

static inline void store(
    i32 red, i32 green, i32 blue, const i32 *restrict matrix, u8 *restrict y, u8 *restrict u, u8 *restrict v) {
  *y = (matrix[0] * red + matrix[1] * green + matrix[2] * blue + matrix[3]) >> BITS;
  *u = (matrix[4] * red + matrix[5] * green + matrix[6] * blue + matrix[7]) >> BITS;
  *v = (matrix[8] * red + matrix[9] * green + matrix[10] * blue + matrix[11]) >> BITS;
}

// RGB 0..1 inside a border to planes of full size: the reverse.
EXPORT(network_to_planes) void network_to_planes(
    const float *restrict from, u8 *restrict y, u8 *restrict u, u8 *restrict v, i32 width, i32 height, i32 wide,
    const i32 *restrict matrix) {
  for (i32 row = 0; row < height; row++) {
    const float *pixel = from + 3 * row * wide;
    for (i32 x = 0; x < width; x++, pixel += 3) {
      i32 i = row * width + x;
      store(level(pixel[0]), level(pixel[1]), level(pixel[2]), matrix, y + i, u + i, v + i);
    }
  }
}

// Weighted sums of three planes in place of them: for each of the three the weights of all and an offset.
EXPORT(mix_planes) void mix_planes(
    u8 *restrict first, u8 *restrict second, u8 *restrict third, i32 size, const i32 *restrict matrix) {
  for (i32 i = 0; i < size; i++) {
    i32 a = first[i], b = second[i], c = third[i];
    first[i] = clipped((matrix[0] * a + matrix[1] * b + matrix[2] * c + matrix[3]) >> BITS);
    second[i] = clipped((matrix[4] * a + matrix[5] * b + matrix[6] * c + matrix[7]) >> BITS);
    third[i] = clipped((matrix[8] * a + matrix[9] * b + matrix[10] * c + matrix[11]) >> BITS);
  }
}

EXPORT(rgba_to_planes) void rgba_to_planes(
    const u8 *restrict from, u8 *restrict y, u8 *restrict u, u8 *restrict v, i32 size, const i32 *restrict matrix) {
  for (i32 i = 0; i < size; i++) store(from[4 * i], from[4 * i + 1], from[4 * i + 2], matrix, y + i, u + i, v + i);
}

EXPORT(planes_to_rgba) void planes_to_rgba(
    const u8 *restrict y, const u8 *restrict u, const u8 *restrict v, u8 *restrict to, i32 size,
    const i32 *restrict matrix) {
  for (i32 i = 0; i < size; i++) {
    i32 light = y[i] * matrix[0];
    to[4 * i] = clipped((light + matrix[1] * v[i] + matrix[2]) >> BITS);
    to[4 * i + 1] = clipped((light + matrix[3] * u[i] + matrix[4] * v[i] + matrix[5]) >> BITS);
    to[4 * i + 2] = clipped((light + matrix[6] * u[i] + matrix[7]) >> BITS);
    to[4 * i + 3] = 255;
  }
}
