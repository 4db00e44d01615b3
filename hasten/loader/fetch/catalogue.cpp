// The public data sets that can be fetched. Checksums are those that their authors or torchvision publish.
#include "hasten/loader/fetch/catalogue.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

KnownFile file_at(const std::vector<std::string>& folders, std::string name, uint64_t bytes, std::string sha256,
                  std::string md5) {
  KnownFile file{std::move(name), {}, bytes, std::move(sha256), std::move(md5)};
  for (const std::string& folder : folders) file.urls.push_back(folder + file.name);
  return file;
}

KnownData mnist() {
  const std::vector<std::string> at{"https://ossci-datasets.s3.amazonaws.com/mnist/",
                                    "https://storage.googleapis.com/cvdf-datasets/mnist/"};
  return {
      .name = "mnist",
      .summary = "70,000 handwritten digits, 28 x 28, grey",
      .licence = "CC BY-SA 3.0",
      .home = "Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits",
      .files = {file_at(at, "train-images-idx3-ubyte.gz", 9912422,
                        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                        "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
                file_at(at, "train-labels-idx1-ubyte.gz", 28881,
                        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                        "d53e105ee54ea40749a09fcbcd1e9432"),
                file_at(at, "t10k-images-idx3-ubyte.gz", 1648877,
                        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                        "9fb629c4189551a2d022fa330f9573f3"),
                file_at(at, "t10k-labels-idx1-ubyte.gz", 4542,
                        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                        "ec29112dd5afa0611ce80d1b7f02629c")},
      .parts = {{"train", 60000}, {"test", 10000}},
  };
}

KnownData fashion_mnist() {
  const std::vector<std::string> at{
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"};
  return {
      .name = "fashion-mnist",
      .summary = "70,000 pictures of clothes, 28 x 28, grey",
      .licence = "MIT",
      .home = "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, arXiv:1708.07747",
      .files = {file_at(at, "train-images-idx3-ubyte.gz", 26421880, "", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
                file_at(at, "train-labels-idx1-ubyte.gz", 29515, "", "25c81989df183df01b3e8a0aad5dffbe"),
                file_at(at, "t10k-images-idx3-ubyte.gz", 4422102, "", "bef4ecab320f06d8554ea6380940ec79"),
                file_at(at, "t10k-labels-idx1-ubyte.gz", 5148, "", "bb300cfdad3c16e7a12a480ee83cd310")},
      .parts = {{"train", 60000}, {"test", 10000}},
  };
}

KnownData cifar(const std::string& classes, uint64_t bytes, const std::string& sha256, const std::string& md5) {
  return {
      .name = "cifar-" + classes,
      .summary = "60,000 colour pictures of " + classes + " classes, 32 x 32",
      .licence = "none stated; cite the report",
      .home = "A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
      .files = {file_at({"https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"},
                        "cifar-" + classes + "-binary.tar.gz", bytes, sha256, md5)},
      .archive = Archive::kTar,
      .parts = {{"train", 50000}, {"test", 10000}},
  };
}

KnownData tiny_shakespeare() {
  return {
      .name = "tiny-shakespeare",
      .summary = "1.1 MB of plays; first 90% train",
      .licence = "public domain",
      .home = "A. Karpathy: char-rnn",
      .files = {file_at({"https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"},
                        "input.txt", 1115394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed", "")},
      .text = "input.txt",
      .text_bytes = 1115394,
  };
}

KnownData enwik8() {
  return {
      .name = "enwik8",
      .summary = "the first 100 MB of the English Wikipedia of 2006, XML",
      .licence = "CC BY-SA 3.0, GFDL",
      .home = "M. Mahoney: Large Text Compression Benchmark",
      .files = {file_at({"https://mattmahoney.net/dc/", "http://mattmahoney.net/dc/"}, "enwik8.zip", 36445475,
                        "547994d9980ebed1288380d652999f38a14fe291a6247c157c3d33d4932534bc", "")},
      .archive = Archive::kZip,
      .text = "enwik8",
      .text_bytes = 100000000,
  };
}

// One data set of a file of more; `path` and `name` are for messages.
class CatalogueEntry {
 public:
  CatalogueEntry(const std::filesystem::path& path, const std::string& name, const Json& json)
      : path_(path), name_(name), json_(json) {}

  KnownData read() const {
    if (name_.empty() || name_.front() == '.' || name_.find('/') != std::string::npos) fail("a name without '/'");
    if (!json_.is_object()) fail("an object");
    KnownData data;
    data.name = name_;
    data.summary = word(json_, "summary");
    data.licence = word(json_, "licence");
    data.home = word(json_, "home");
    data.text = word(json_, "text");
    const std::string archive = word(json_, "archive");
    if (!archive.empty() && archive != "tar" && archive != "zip") fail("\"archive\" to be tar or zip");
    data.archive = archive == "tar" ? Archive::kTar : archive == "zip" ? Archive::kZip : Archive::kNone;
    const auto files = json_.find("files");
    if (files == json_.end() || !files->is_array() || files->empty()) fail("a list \"files\"");
    for (const Json& file : *files) data.files.push_back(read_file_entry(file));
    if (data.archive != Archive::kNone && data.files.size() != 1) fail("one file that is the archive");
    return data;
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    throw DataError(path_.string(), name_, "expected " + expected, "docs/data.md shows such a file");
  }
  std::string word(const Json& object, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end()) return "";
    if (!found->is_string()) fail(cat("a text for \"", key, "\""));
    return found->get<std::string>();
  }
  KnownFile read_file_entry(const Json& json) const {
    if (!json.is_object()) fail("an object for each file");
    KnownFile file;
    file.name = word(json, "name");
    if (file.name.empty() || file.name.front() == '.' || file.name.find('/') != std::string::npos)
      fail("a name without '/' for each file");
    const auto urls = json.find("urls");
    if (urls == json.end() || !urls->is_array() || urls->empty()) fail("a list \"urls\" for each file");
    for (const Json& url : *urls) {
      if (!url.is_string()) fail("texts in \"urls\"");
      file.urls.push_back(url.get<std::string>());
    }
    if (const auto bytes = json.find("bytes"); bytes != json.end()) {
      if (!bytes->is_number_unsigned()) fail("a number for \"bytes\"");
      file.bytes = bytes->get<uint64_t>();
    }
    file.sha256 = digest(json, "sha256", 64);
    file.md5 = digest(json, "md5", 32);
    return file;
  }
  std::string digest(const Json& json, const char* key, size_t digits) const {
    std::string text = word(json, key);
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    if (!text.empty() && (text.size() != digits || text.find_first_not_of("0123456789abcdef") != std::string::npos))
      fail(cat(digits, " hexadecimal digits for \"", key, "\""));
    return text;
  }

  const std::filesystem::path& path_;
  const std::string& name_;
  const Json& json_;
};

}  // namespace

uint64_t KnownData::download_bytes() const {
  uint64_t total = 0;
  for (const KnownFile& file : files) total += file.bytes;
  return total;
}

std::vector<KnownData> data_catalogue(const std::filesystem::path& more) {
  std::vector<KnownData> catalogue{
      fashion_mnist(),
      mnist(),
      cifar("10", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            "c32a1d4ab5d03f1284b67883e8d87530"),
      cifar("100", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            "03b5dce01913d631647c71ecec9e9cb8"),
      tiny_shakespeare(),
      enwik8(),
  };
  if (more.empty()) return catalogue;
  const Json json = read_json(more);
  if (!json.is_object()) throw DataError(more.string(), "", "expected an object of data sets by their names");
  for (const auto& [name, entry] : json.items()) {
    std::erase_if(catalogue, [&name = name](const KnownData& known) { return known.name == name; });
    catalogue.push_back(CatalogueEntry(more, name, entry).read());
  }
  return catalogue;
}

const KnownData& find_data(const std::vector<KnownData>& catalogue, const std::string& name) {
  std::vector<std::string> names;
  for (const KnownData& data : catalogue) {
    if (data.name == name) return data;
    names.push_back(data.name);
  }
  throw ConfigError("name", "a data set that is known", "\"" + name + "\"", suggest(name, names));
}

}  // namespace hasten
