// JPEG by libjpeg-turbo. Columns outside of the crop are not transformed, rows below it not even read; rows above it
// must be read, since each symbol's place depends on the one before.
#include <cstddef>
#include <cstdio>
// libjpeg wants size_t and FILE
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/codecs/decoders.h"
#include "hasten/loader/codecs/jpeg_huffman.h"

namespace hasten {
namespace {

// The heads of libjpeg's structs of these names (jpegint.h, which is not installed): the same in all of libjpeg-turbo, and
// in version 6b before it.
struct EntropyDecoder {
  void (*start_pass)(j_decompress_ptr info);
  boolean (*decode_mcu)(j_decompress_ptr info, JBLOCKROW* blocks);
};
struct InputController {
  int (*consume_input)(j_decompress_ptr info);
  void (*reset_input_controller)(j_decompress_ptr info);
  void (*start_input_pass)(j_decompress_ptr info);
};
#if defined(LIBJPEG_TURBO_VERSION_NUMBER) && LIBJPEG_TURBO_VERSION_NUMBER < 4000000
constexpr bool kKnownLayout = true;
#else
constexpr bool kKnownLayout = false;
#endif

constexpr int kMostScans = 128;  // a few hundred bytes of scans could otherwise take minutes

constexpr bool is_frame(uint8_t marker) {  // SOF0..15, without DHT, JPG and DAC
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// The largest of 1, 2, 4, 8 that leaves the crop at least the pixels asked for.
int jpeg_factor(const DecodeRequest& request) {
  if (request.policy != DecodePolicy::kScaled && request.policy != DecodePolicy::kAuto) return 1;
  if (request.least_width <= 0 || request.least_height <= 0) return 1;
  const int64_t spare = request.policy == DecodePolicy::kAuto ? 3 : 2;  // halves
  int factor = 1;
  while (factor < 8 && int64_t{request.crop.width} * 2 >= int64_t{request.least_width} * spare * factor * 2 &&
         int64_t{request.crop.height} * 2 >= int64_t{request.least_height} * spare * factor * 2) {
    factor *= 2;
  }
  return factor;
}

// C, M, Y, K, stored inverted as Adobe does it (or not), to RGB in place, as Pillow does it.
void cmyk_to_rgb(uint8_t* row, int width, bool inverted) {
  for (int x = 0; x < width; ++x) {
    const unsigned flip = inverted ? 0 : 255;
    const unsigned white = row[4 * x + 3] ^ flip;  // 255 - K
    for (int c = 0; c < 3; ++c) {
      const unsigned product = (255 - (row[4 * x + c] ^ flip)) * white + 128;
      row[3 * x + c] = static_cast<uint8_t>(white - ((product + (product >> 8)) >> 8));
    }
  }
}

// Is there an end marker among the image data? It stands at the end of the file or close to it; where data were cut off
// none does, because 0xFF has a zero behind it there. Whether a decoder runs into the cut depends on what it is asked for.
bool has_end(EncodedBytes data) {
  for (size_t i = data.size(); i >= 2; --i) {
    if (data[i - 2] == 0xFF && data[i - 1] == 0xD9) return true;
  }
  return false;
}

}  // namespace

ImageSize jpeg_size(EncodedBytes bytes) {
  if (bytes.size() < 4 || bytes[0] != 0xFF || bytes[1] != 0xD8) throw_corrupt("not a JPEG: it does not begin so");
  size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (bytes[at] != 0xFF) {  // libjpeg looks for the next marker, and warns of it
      ++at;
      continue;
    }
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xFF) {  // fill
      ++at;
      continue;
    }
    if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8)) {  // these carry nothing
      at += 2;
      continue;
    }
    if (marker == 0xD9 || marker == 0xDA) break;  // the end, or a scan before its frame
    const size_t length = size_t{bytes[at + 2]} << 8 | bytes[at + 3];
    if (is_frame(marker)) {
      if (length < 8 || at + 10 > bytes.size()) break;
      const int height = bytes[at + 5] << 8 | bytes[at + 6], width = bytes[at + 7] << 8 | bytes[at + 8];
      if (width == 0 || height == 0) throw_corrupt(cat("a JPEG of ", width, " x ", height, " pixels"));
      return {width, height, bytes[at + 9] == 1 ? 1 : 3};
    }
    if (length < 2) break;
    at += 2 + length;
  }
  throw_corrupt("a JPEG without a frame header");
}

struct JpegDecoder::Impl {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump;
  bool strict = true;
  char message[JMSG_LENGTH_MAX] = "";

  JpegHuffman huffman;
  bool may_use_huffman = true, uses_huffman = false;
  void (*start_input_pass)(j_decompress_ptr) = nullptr;
  void (*start_entropy_pass)(j_decompress_ptr) = nullptr;

  // What the steps read and write: nothing of theirs lives on the stack that a jump unwinds.
  EncodedBytes bytes;
  JDIMENSION left = 0, columns = 0;  // of the part that is transformed
  JDIMENSION top = 0, rows = 0;
  uint8_t* pixels = nullptr;
  size_t stride = 0;

  // libjpeg's errors jump back to here, over frames of C only. False: `message` says what was wrong.
  bool attempt(void (*step)(Impl&)) {
    if (setjmp(jump) != 0) return false;
    step(*this);
    return true;
  }
  void must(void (*step)(Impl&)) {
    if (attempt(step)) return;
    jpeg_abort_decompress(&info);
    throw_corrupt(cat("JPEG: ", message));
  }
  static Impl& of(j_common_ptr common) { return *static_cast<Impl*>(common->client_data); }
  [[noreturn]] static void fail(j_common_ptr common) {
    Impl& self = of(common);
    (*common->err->format_message)(common, self.message);
    std::longjmp(self.jump, 1);
  }
  static void on_message(j_common_ptr common, int level) {
    if (level < 0 && of(common).strict) fail(common);
  }
  static void on_progress(j_common_ptr common) {
    Impl& self = of(common);
    if (self.info.input_scan_number <= kMostScans) return;
    std::snprintf(self.message, sizeof self.message, "more than %d scans", kMostScans);
    std::longjmp(self.jump, 1);
  }

  static void read_header(Impl& self) {
    jpeg_mem_src(&self.info, self.bytes.data(), static_cast<unsigned long>(self.bytes.size()));
    jpeg_read_header(&self.info, TRUE);
  }
  static void start(Impl& self) {
    jpeg_start_decompress(&self.info);
    if (self.columns < self.info.output_width) jpeg_crop_scanline(&self.info, &self.left, &self.columns);
    if (self.uses_huffman) self.want_columns();
    if (self.top > 0) jpeg_skip_scanlines(&self.info, self.top);
  }
  void want_columns() {
    const int samples = info.num_components == 1 ? 1 : info.max_h_samp_factor;
    const JDIMENSION across = static_cast<JDIMENSION>(samples * info.min_DCT_scaled_size);
    const JDIMENSION end = (left + info.output_width + across - 1) / across;
    huffman.want_columns(static_cast<int>(left / across), static_cast<int>(end) - 1);
  }

  // libjpeg starts a scan: our own entropy decoder takes the place of its one, before that has made its tables.
  static void on_start_input_pass(j_decompress_ptr info) {
    Impl& self = of(reinterpret_cast<j_common_ptr>(info));
    auto& entropy = *reinterpret_cast<EntropyDecoder*>(info->entropy);
    self.uses_huffman = false;
    self.start_entropy_pass = entropy.start_pass;
    if (self.strict && self.may_use_huffman && !jpeg_has_multiple_scans(info))
      entropy.start_pass = on_start_entropy_pass;
    self.start_input_pass(info);
    entropy.start_pass = self.start_entropy_pass;
  }
  static void on_start_entropy_pass(j_decompress_ptr info) {
    Impl& self = of(reinterpret_cast<j_common_ptr>(info));
    self.uses_huffman = self.huffman.start(*info);
    if (!self.uses_huffman) return self.start_entropy_pass(info);
    reinterpret_cast<EntropyDecoder*>(info->entropy)->decode_mcu = [](j_decompress_ptr it, JBLOCKROW* blocks) {
      Impl& me = of(reinterpret_cast<j_common_ptr>(it));
      if (me.huffman.decode_mcu(blocks)) return static_cast<boolean>(TRUE);
      std::snprintf(me.message, sizeof me.message, "the image data are corrupt or end too early");
      std::longjmp(me.jump, 1);
    };
  }
  static void read_rows(Impl& self) {
    constexpr JDIMENSION kAtOnce = 16;
    JSAMPROW to[kAtOnce];
    for (JDIMENSION done = 0; done < self.rows;) {
      const JDIMENSION wanted = std::min(kAtOnce, self.rows - done);
      for (JDIMENSION i = 0; i < wanted; ++i) to[i] = self.pixels + (done + i) * self.stride;
      done += jpeg_read_scanlines(&self.info, to, wanted);
    }
  }
};

JpegDecoder::JpegDecoder() : impl_(std::make_unique<Impl>()) {
  Impl& self = *impl_;
  self.info.err = jpeg_std_error(&self.errors);
  self.errors.error_exit = Impl::fail;
  self.errors.emit_message = Impl::on_message;
  self.info.client_data = &self;
  const bool made = self.attempt([](Impl& it) { jpeg_create_decompress(&it.info); });
  if (!made) throw InternalError(cat("libjpeg: ", self.message));
  if (kKnownLayout) {
    auto& input = *reinterpret_cast<InputController*>(self.info.inputctl);
    self.start_input_pass = std::exchange(input.start_input_pass, Impl::on_start_input_pass);
  }
  self.progress.progress_monitor = Impl::on_progress;
  self.info.progress = &self.progress;
}

JpegDecoder::~JpegDecoder() { jpeg_destroy_decompress(&impl_->info); }

// What our entropy decoder refuses libjpeg may take without a warning (its fast path reads a code that does not exist as
// zero), and which of them is at work depends on the images before: so libjpeg has the last word.
DecodedImage JpegDecoder::decode(EncodedBytes bytes, const ImageSize& size, const DecodeRequest& request,
                                 DecodeScratch& scratch) {
  impl_->may_use_huffman = true;
  impl_->uses_huffman = false;
  try {
    return decode_once(bytes, size, request, scratch);
  } catch (const DataError&) {
    if (!impl_->uses_huffman) throw;
  }
  impl_->may_use_huffman = false;
  return decode_once(bytes, size, request, scratch);
}

DecodedImage JpegDecoder::decode_once(EncodedBytes bytes, const ImageSize& size, const DecodeRequest& request,
                                      DecodeScratch& scratch) {
  Impl& self = *impl_;
  self.bytes = bytes;
  self.strict = request.strict;
  self.must(Impl::read_header);
  jpeg_decompress_struct& info = self.info;
  if (static_cast<int>(info.image_width) != size.width || static_cast<int>(info.image_height) != size.height) {
    jpeg_abort_decompress(&info);
    throw_corrupt("JPEG: two frame headers that differ");
  }
  if (self.strict && !has_end({info.src->next_input_byte, info.src->bytes_in_buffer})) {
    jpeg_abort_decompress(&info);
    throw_corrupt("JPEG: it ends too early");
  }
  const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = cmyk ? JCS_CMYK : request.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  const bool rgb_stored = info.jpeg_color_space == JCS_RGB;
  if (rgb_stored) info.out_color_space = JCS_RGB;
  info.do_block_smoothing = FALSE;  // it would look at blocks outside of the crop
  const int factor = jpeg_factor(request);
  info.scale_num = 1;
  info.scale_denom = static_cast<unsigned>(factor);
  const Rect& crop = request.crop;
  // In pixels of the scaled image, to its next whole ones.
  const int x0 = crop.x / factor, x1 = (crop.x + crop.width + factor - 1) / factor;
  const int y0 = crop.y / factor, y1 = (crop.y + crop.height + factor - 1) / factor;
  const int whole_width = (size.width + factor - 1) / factor;
  const bool whole = request.policy == DecodePolicy::kFull;
  // Chroma of a pixel at the edge is interpolated from its neighbour outside.
  const int margin = 2 * info.comp_info[0].h_samp_factor;
  const int left = whole ? 0 : std::max(0, x0 - margin),
            right = whole ? whole_width : std::min(whole_width, x1 + margin);
  self.left = static_cast<JDIMENSION>(left);
  self.columns = static_cast<JDIMENSION>(right - left);
  self.top = whole ? 0 : static_cast<JDIMENSION>(y0);
  self.must(Impl::start);
  self.rows = whole ? info.output_height : static_cast<JDIMENSION>(y1 - y0);
  const int components = info.output_components;
  // To rows that begin at a multiple of 16 or 32 bytes libjpeg-turbo writes past the cache, but they are read at once:
  // 32 x 32 pixels took a third longer.
  constexpr size_t kUnaligned = 8;
  self.stride = (static_cast<size_t>(info.output_width) * static_cast<size_t>(components) + 15) / 16 * 16;
  self.pixels = scratch.pixels(kUnaligned + self.stride * self.rows) + kUnaligned;
  self.must(Impl::read_rows);
  jpeg_abort_decompress(&info);

  const int width = static_cast<int>(info.output_width), rows = static_cast<int>(self.rows);
  if (cmyk) {
    for (int y = 0; y < rows; ++y)
      cmyk_to_rgb(self.pixels + static_cast<size_t>(y) * self.stride, width, info.saw_Adobe_marker);
  }
  if ((cmyk || rgb_stored) && request.channels == 1) to_luma(self.pixels, width, rows, self.stride);

  DecodedImage image = crop_view(self.pixels, self.stride, static_cast<int>(self.left), static_cast<int>(self.top),
                                 request.channels, {x0, y0, x1 - x0, y1 - y0});
  image.factor = factor;
  image.x = static_cast<double>(crop.x) / factor - x0;
  image.y = static_cast<double>(crop.y) / factor - y0;
  image.crop_width = static_cast<double>(crop.width) / factor;
  image.crop_height = static_cast<double>(crop.height) / factor;
  return image;
}

}  // namespace hasten
