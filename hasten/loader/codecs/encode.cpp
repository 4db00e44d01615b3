// JPEG by libjpeg-turbo's compressor.
#include "hasten/loader/codecs/encode.h"

#include <cstddef>
#include <cstdio>
// libjpeg wants size_t and FILE
#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

struct JpegEncoder {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
  ImageView image;
  JpegSettings settings;
  unsigned char* out = nullptr;  // of malloc, by libjpeg
  unsigned long out_bytes = 0;

  ~JpegEncoder() {
    jpeg_destroy_compress(&info);
    std::free(out);
  }
  [[noreturn]] static void fail(j_common_ptr common) {
    JpegEncoder& self = *static_cast<JpegEncoder*>(common->client_data);
    (*common->err->format_message)(common, self.message);
    std::longjmp(self.jump, 1);
  }
  // False when libjpeg jumped back over its own frames: `message` says why.
  bool attempt(void (*step)(JpegEncoder&)) {
    if (setjmp(jump) != 0) return false;
    step(*this);
    return true;
  }
};

void run_encoder(JpegEncoder& self) {
  jpeg_compress_struct& info = self.info;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &self.out, &self.out_bytes);
  info.image_width = static_cast<JDIMENSION>(self.image.width);
  info.image_height = static_cast<JDIMENSION>(self.image.height);
  info.input_components = self.image.channels;
  info.in_color_space = self.image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, self.settings.quality, TRUE);
  if (self.image.channels == 3) {
    info.comp_info[0].h_samp_factor = self.settings.chroma_across;
    info.comp_info[0].v_samp_factor = self.settings.chroma_down;
  }
  info.optimize_coding = self.settings.optimize ? TRUE : FALSE;
  info.restart_in_rows = self.settings.restart_rows;
  if (self.settings.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(self.image.row(static_cast<int>(info.next_scanline)));  // only read
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
}

}  // namespace

std::vector<uint8_t> encode_jpeg(const ImageView& image, const JpegSettings& settings) {
  HASTEN_CHECK(image.channels == 1 || image.channels == 3, "one channel or three");
  JpegEncoder encoder;
  encoder.info.err = jpeg_std_error(&encoder.errors);
  encoder.errors.error_exit = JpegEncoder::fail;
  encoder.info.client_data = &encoder;
  encoder.image = image;
  encoder.settings = settings;
  if (!encoder.attempt(run_encoder)) throw InternalError(cat("libjpeg: ", encoder.message));
  return {encoder.out, encoder.out + encoder.out_bytes};
}

}  // namespace hasten
