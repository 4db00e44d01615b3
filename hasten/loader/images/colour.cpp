// Whatever maps a value to a value is a table of 256. Where Pillow computes in float, so does this, in the same order.
#include "hasten/loader/images/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "hasten/loader/codecs/decoders.h"

namespace hasten {
namespace {

using ValueTable = std::array<uint8_t, 256>;

template <class Function>
ValueTable table_of(Function function) {
  ValueTable table;
  for (int i = 0; i < 256; ++i) table[static_cast<size_t>(i)] = static_cast<uint8_t>(function(i));
  return table;
}

void look_up(const Pixels& image, const ValueTable& table) {
  const size_t size = image.size();
  for (size_t i = 0; i < size; ++i) image.bytes[i] = table[image.bytes[i]];
}

void look_up(const Pixels& image, int channel, const ValueTable& table) {
  const auto step = static_cast<size_t>(image.channels);
  for (size_t i = static_cast<size_t>(channel); i < image.size(); i += step) image.bytes[i] = table[image.bytes[i]];
}

// Pillow's Image.blend: from `low` at 0 through `high` at 1 and beyond.
uint8_t blend(int low, int high, float share) {
  const float value = static_cast<float>(low) + share * static_cast<float>(high - low);
  if (value <= 0) return 0;
  return value >= 255 ? 255 : static_cast<uint8_t>(value);
}

uint8_t brightness_of(const uint8_t* pixel, int channels) {
  return channels == 1 ? pixel[0] : luma(pixel[0], pixel[1], pixel[2]);
}

std::array<uint32_t, 256> histogram(const Pixels& image, int channel) {
  std::array<uint32_t, 256> counts{};
  const auto step = static_cast<size_t>(image.channels);
  for (size_t i = static_cast<size_t>(channel); i < image.size(); i += step) ++counts[image.bytes[i]];
  return counts;
}

struct Hsv {
  int hue, saturation, value;  // 0 .. 255
};

uint8_t byte_of(double value) { return static_cast<uint8_t>(std::clamp(static_cast<int>(value), 0, 255)); }

Hsv hsv_of(const uint8_t* rgb) {
  const int most = std::max({rgb[0], rgb[1], rgb[2]}), least = std::min({rgb[0], rgb[1], rgb[2]});
  if (most == least) return {0, 0, most};
  const auto range = static_cast<float>(most - least);
  const float saturation = range / static_cast<float>(most);
  const auto distance = [&](int c) { return static_cast<float>(most - rgb[c]) / range; };
  const float red = distance(0), green = distance(1), blue = distance(2);
  float hue;
  if (rgb[0] == most) hue = blue - green;
  else if (rgb[1] == most) hue = static_cast<float>(2.0 + red - blue);
  else hue = static_cast<float>(4.0 + green - red);
  hue = static_cast<float>(std::fmod(hue / 6.0 + 1.0, 1.0));
  return {byte_of(hue * 255.0), byte_of(saturation * 255.0), most};
}

void to_rgb(const Hsv& hsv, uint8_t* rgb) {
  const auto value = static_cast<uint8_t>(hsv.value);
  if (hsv.saturation == 0) {
    rgb[0] = rgb[1] = rgb[2] = value;
    return;
  }
  const auto sixth = static_cast<int>(std::floor(static_cast<float>(hsv.hue) * 6.0 / 255.0));
  const auto rest = static_cast<float>(static_cast<float>(hsv.hue) * 6.0 / 255.0 - static_cast<float>(sixth));
  const auto saturation = static_cast<float>(static_cast<float>(hsv.saturation) / 255.0);
  const auto most = static_cast<float>(hsv.value);
  const uint8_t p = byte_of(std::round(most * (1.0 - saturation)));
  const uint8_t q = byte_of(std::round(most * (1.0 - saturation * rest)));
  const uint8_t t = byte_of(std::round(most * (1.0 - saturation * (1.0 - rest))));
  const std::array<std::array<uint8_t, 3>, 6> sectors{
      {{value, t, p}, {q, value, p}, {p, value, t}, {p, q, value}, {t, p, value}, {value, p, q}}};
  std::memcpy(rgb, sectors[static_cast<size_t>(sixth % 6)].data(), 3);
}

}  // namespace

void adjust_brightness(const Pixels& image, double factor) {
  const auto share = static_cast<float>(factor);
  look_up(image, table_of([&](int value) { return blend(0, value, share); }));
}

void adjust_contrast(const Pixels& image, double factor) {
  uint64_t sum = 0;
  const auto step = static_cast<size_t>(image.channels);
  for (size_t i = 0; i < image.size(); i += step) sum += brightness_of(image.bytes + i, image.channels);
  const auto mean = static_cast<int>(static_cast<double>(sum) / static_cast<double>(image.count()) + 0.5);
  const auto share = static_cast<float>(factor);
  look_up(image, table_of([&](int value) { return blend(mean, value, share); }));
}

void adjust_saturation(const Pixels& image, double factor) {
  if (image.channels == 1) return;
  const auto share = static_cast<float>(factor);
  for (size_t i = 0; i < image.size(); i += 3) {
    const int grey = brightness_of(image.bytes + i, 3);
    for (size_t c = i; c < i + 3; ++c) image.bytes[c] = blend(grey, image.bytes[c], share);
  }
}

void adjust_sharpness(const Pixels& image, double factor, std::vector<uint8_t>& copy) {
  if (image.width < 3 || image.height < 3) return;  // all of it is edge, which stays
  const auto share = static_cast<float>(factor);
  copy.assign(image.bytes, image.bytes + image.size());
  const auto channels = static_cast<size_t>(image.channels), row = static_cast<size_t>(image.width) * channels;
  for (int y = 1; y + 1 < image.height; ++y) {
    uint8_t* to = image.row(y);
    const uint8_t* middle = copy.data() + static_cast<size_t>(y) * row;
    for (size_t i = channels; i < row - channels; ++i) {
      const uint8_t* at = middle + i;
      const auto three = [&](const uint8_t* p) { return p[0] + *(p - channels) + p[channels]; };
      const int sum = three(at - row) + three(at) + three(at + row) + 4 * at[0];  // weights 1, and 5 in the middle
      to[i] = blend((2 * sum + 13) / 26, at[0], share);
    }
  }
}

void adjust_hue(const Pixels& image, double turn) {
  if (image.channels == 1) return;
  const auto shift = static_cast<int>(turn * 255);
  for (size_t i = 0; i < image.size(); i += 3) {
    Hsv hsv = hsv_of(image.bytes + i);
    hsv.hue = (hsv.hue + shift) & 255;
    to_rgb(hsv, image.bytes + i);
  }
}

void make_grey(const Pixels& image) {
  if (image.channels == 1) return;
  for (size_t i = 0; i < image.size(); i += 3) std::memset(image.bytes + i, brightness_of(image.bytes + i, 3), 3);
}

void posterize(const Pixels& image, int bits) {
  const int mask = ~((1 << (8 - bits)) - 1);
  look_up(image, table_of([&](int value) { return value & mask; }));
}

void solarize(const Pixels& image, double threshold) {
  look_up(image, table_of([&](int value) { return value < threshold ? value : 255 - value; }));
}

void autocontrast(const Pixels& image) {
  for (int channel = 0; channel < image.channels; ++channel) {
    const auto counts = histogram(image, channel);
    int low = 0, high = 255;
    while (low < 255 && counts[static_cast<size_t>(low)] == 0) ++low;
    while (high > 0 && counts[static_cast<size_t>(high)] == 0) --high;
    if (high <= low) continue;
    const double scale = 255.0 / (high - low), offset = -low * scale;
    look_up(image, channel, table_of([&](int value) { return byte_of(value * scale + offset); }));
  }
}

void equalize(const Pixels& image) {
  for (int channel = 0; channel < image.channels; ++channel) {
    const auto counts = histogram(image, channel);
    int last = 255;
    while (counts[static_cast<size_t>(last)] == 0) --last;
    const auto step = static_cast<uint32_t>((image.count() - counts[static_cast<size_t>(last)]) / 255);
    if (step == 0) continue;
    uint32_t before = step / 2;
    look_up(image, channel, table_of([&](int value) {
              const uint32_t level = std::min<uint32_t>(before / step, 255);
              before += counts[static_cast<size_t>(value)];
              return level;
            }));
  }
}

}  // namespace hasten
