// JPEG through libjpeg-turbo: errors come back as DataError, and nothing is printed.
#include "hasten/loader/shards/jpeg_calls.h"

#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it before itself
#include <cstdlib>
#include <string>

#include <jpeglib.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten::shards {
namespace {

constexpr uint64_t kMostPixels = uint64_t{1} << 28;

// libjpeg's errors end in a callback that must not return: it jumps back into the function that called the library,
// which therefore holds nothing with a destructor.
struct Complaint {
  jpeg_error_mgr manager{};
  std::jmp_buf back{};
  char text[JMSG_LENGTH_MAX]{};

  Complaint() {
    jpeg_std_error(&manager);
    manager.error_exit = [](j_common_ptr info) {
      auto* self = reinterpret_cast<Complaint*>(info->err);
      info->err->format_message(info, self->text);
      std::longjmp(self->back, 1);
    };
    manager.emit_message = [](j_common_ptr info, int level) {
      if (level >= 0) return;
      if (info->err->num_warnings++ == 0)
        info->err->format_message(info, reinterpret_cast<Complaint*>(info->err)->text);
    };
    manager.output_message = [](j_common_ptr) {};
  }
};

// Reads the header, and the pixels if they are wanted. False with the complaint's text for anything that is wrong.
bool decompress(std::span<const uint8_t> bytes, Pixels& pixels, bool wanted, Complaint& complaint) {
  jpeg_decompress_struct info;
  info.err = &complaint.manager;
  if (setjmp(complaint.back) != 0) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_read_header(&info, TRUE);
  pixels.width = info.image_width;
  pixels.height = info.image_height;
  pixels.channels = info.num_components == 1 ? 1 : 3;
  if (wanted && uint64_t{pixels.width} * pixels.height <= kMostPixels) {
    info.out_color_space = pixels.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    info.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&info);
    const size_t stride = size_t{pixels.width} * pixels.channels;
    pixels.bytes.resize(stride * pixels.height);
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = pixels.bytes.data() + info.output_scanline * stride;
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  }
  jpeg_destroy_decompress(&info);
  return !wanted || complaint.manager.num_warnings == 0;
}

bool compress(const Pixels& pixels, int quality, unsigned char*& out, unsigned long& out_bytes, Complaint& complaint) {
  jpeg_compress_struct info;
  info.err = &complaint.manager;
  if (setjmp(complaint.back) != 0) {
    jpeg_destroy_compress(&info);
    return false;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &out, &out_bytes);
  info.image_width = pixels.width;
  info.image_height = pixels.height;
  info.input_components = pixels.channels;
  info.in_color_space = pixels.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  info.optimize_coding = TRUE;
  info.dct_method = JDCT_ISLOW;
  if (pixels.channels == 3 && quality >= 90) info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&info, TRUE);
  const size_t stride = size_t{pixels.width} * pixels.channels;
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(pixels.bytes.data() + info.next_scanline * stride);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return true;
}

Pixels decompressed(std::span<const uint8_t> bytes, bool wanted) {
  Complaint complaint;
  Pixels pixels;
  if (bytes.empty() || !decompress(bytes, pixels, wanted, complaint))
    throw DataError("", "", cat("a damaged JPEG: ", bytes.empty() ? "it is empty" : complaint.text));
  if (uint64_t{pixels.width} * pixels.height > kMostPixels)
    throw DataError("", "",
                    cat("a JPEG of ", pixels.width, " x ", pixels.height, " pixels: more than 2^28 are refused"));
  return pixels;
}

}  // namespace

Pixels jpeg_shape(std::span<const uint8_t> bytes) { return decompressed(bytes, false); }
Pixels jpeg_pixels(std::span<const uint8_t> bytes) { return decompressed(bytes, true); }

std::vector<uint8_t> encode_jpeg(const Pixels& pixels, int quality) {
  if ((pixels.channels != 1 && pixels.channels != 3) || pixels.width == 0 || pixels.height == 0 ||
      pixels.width > 65500 || pixels.height > 65500)
    throw DataError("", "", cat("no JPEG can hold ", pixels.width, " x ", pixels.height, " x ", int{pixels.channels}));
  Complaint complaint;
  unsigned char* out = nullptr;
  unsigned long out_bytes = 0;
  const bool good = compress(pixels, quality, out, out_bytes, complaint);
  std::vector<uint8_t> bytes;
  if (good) bytes.assign(out, out + out_bytes);
  std::free(out);
  if (!good) throw DataError("", "", cat("cannot encode as JPEG: ", complaint.text));
  return bytes;
}

}  // namespace hasten::shards
