#include "io/support.hpp"

namespace culogme::io_test {
namespace {

std::string tensors_of(const std::string& header, const std::string& data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return bytes + header + data;
}

TEST(Safetensors, ReadsEveryNumberType) {
  struct Type {
    const char* name;
    Scalar scalar;
    bool has_sign;
  };
  const Type types[] = {{"i8", Scalar::f32, true},    {"i16", Scalar::f32, true},  {"i32", Scalar::f64, true},
                        {"i64", Scalar::f64, true},   {"u8", Scalar::f32, false},  {"u16", Scalar::f32, false},
                        {"u32", Scalar::f64, false},  {"u64", Scalar::f64, false}, {"f16", Scalar::f16, true},
                        {"bf16", Scalar::bf16, true}, {"f32", Scalar::f32, true},  {"f64", Scalar::f64, true}};
  for (const Type& type : types)
    expect_matrix(data("all.safetensors:" + std::string(type.name)), type.scalar, type.has_sign);
  expect_matrix(data("single.safetensors"), Scalar::f32);
  EXPECT_EQ(open_features(data("all.safetensors:bool"))->scalar(), Scalar::f32);
}

TEST(Safetensors, NamesWhatIsThere) {
  expect_names(refusal<FileError>(data("all.safetensors")), {"all.safetensors", "several", "bf16", "labels"});
  expect_names(refusal<FileError>(data("all.safetensors:none")), {"'none'", "bf16", "labels"});
  expect_names(refusal<FileError>(data("all.safetensors:f8")), {"'f8'", "F8_E4M3", "not supported"});
}

struct BadTensors {
  const char* header;
  std::vector<std::string> words;
};

TEST(Safetensors, RefusesHeadersThatDoNotFit) {
  const TemporaryFolder folder;
  const BadTensors cases[] = {
      {R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
       R"("a":{"dtype":"F32","shape":[0],"data_offsets":[16,16]}})",
       {"'a' twice"}},
      {R"({"a":{"dtype":"F32","dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})", {"'dtype' twice", "'a'"}},
      {R"({"a":{"dtype":"F32","shape":[2,2]}})", {"lacks", "'a'"}},
      {R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],"x":1}})", {"unknown field 'x'"}},
      {R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,8]}})", {"'a'", "needs 16", "hold 8"}},
      {R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[16,0]}})", {"'a'", "backwards"}},
      {R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]}})", {"'a'", "8 bytes before"}},
      {R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})", {"8 bytes follow"}},
      {R"({"a":{"dtype":"F32","shape":[3,1],"data_offsets":[0,12]},)"
       R"("b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
       {"'b' overlaps", "'a'"}},
      {R"({"a":{"dtype":"F32","shape":[5,1],"data_offsets":[0,20]}})", {"'a'", "20", "4 bytes after the end"}},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
       {"'a'", "4294967296", "addressed"}},
      {R"({"a":{"dtype":"F32","shape":[-2,2],"data_offsets":[0,16]}})", {"-2"}},
      {R"({"a":{"dtype":"F32","shape":[2.5,2],"data_offsets":[0,16]}})", {"2.5"}},
      {R"({"a":{"dtype":"F32","shape":[99999999999999999999,2],"data_offsets":[0,16]}})", {"99999999999999999999"}},
      {R"({"a":{"dtype":"F32","shape":[[2],2],"data_offsets":[0,16]}})", {"deep"}},
      {R"({"a":{"dtype":"F32","shape":{"x":2},"data_offsets":[0,16]}})", {"deep"}},
      {R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16,16]}})", {"two offsets"}},
      {R"({"a":{"dtype":4,"shape":[2,2],"data_offsets":[0,16]}})", {"number"}},
      {R"({"a":null})", {"null"}},
      {R"({"a":[1,2]})", {"JSON object"}},
      {R"({"__metadata__":{"a":{"b":"c"}}})", {"deep"}},
      {R"({"a":{"dtype":"F31","shape":[2,2],"data_offsets":[0,16]}})", {"'a'", "'F31'"}},
      {R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}} x)", {"no JSON"}},
      {R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16])", {"no JSON"}},
      {R"({})", {"no tensor"}},
  };
  for (const BadTensors& bad : cases) {
    SCOPED_TRACE(bad.header);
    const std::string path = folder.write("bad.safetensors", tensors_of(bad.header, std::string(16, '\0')));
    const std::string message = refusal<FileError>(path);
    expect_names(message, {"bad.safetensors"});
    expect_names(message, bad.words);
  }
}

TEST(Safetensors, RefusesLengthsBeyondTheFile) {
  const TemporaryFolder folder;
  std::string bytes = read_bytes(data("single.safetensors"));
  const std::string cut = folder.write("cut.safetensors", bytes.substr(0, 40));
  expect_names(refusal<FileError>(cut), {"cut.safetensors", "header"});
  bytes[5] = 1;
  const std::string huge = folder.write("huge.safetensors", bytes);
  expect_names(refusal<FileError>(huge), {"huge.safetensors", "header", "1099511627"});
  expect_names(refusal<FileError>(folder.write("five.safetensors", "12345")), {"five.safetensors", "5 bytes"});
  const std::string deep = tensors_of(R"({"a":)" + std::string(60000, '['), "");
  expect_names(refusal<FileError>(folder.write("deep.safetensors", deep)), {"deep.safetensors", "header"});
}

TEST(Safetensors, AcceptsPaddingByBlanksAndNul) {
  const TemporaryFolder folder;
  const std::string header = R"({"a":{"dtype":"F32","shape":[1,4],"data_offsets":[0,16]}})";
  for (const char padding : {' ', '\0'}) {
    const std::string path =
        folder.write("padded.safetensors", tensors_of(header + std::string(5, padding), std::string(16, '\0')));
    const auto reader = open_features(path);
    EXPECT_EQ(reader->rows(), 1);
    EXPECT_EQ(read_all(*reader, 2), std::vector<double>(4, 0.0));
  }
}

TEST(Safetensors, RefusesTheEmptyTensorAskedFor) {
  const TemporaryFolder folder;
  const std::string header = R"({"full":{"dtype":"F32","shape":[1,4],"data_offsets":[0,16]},)"
                             R"("none":{"dtype":"F32","shape":[0,4],"data_offsets":[16,16]}})";
  const std::string path = folder.write("two.safetensors", tensors_of(header, std::string(16, '\0')));
  EXPECT_EQ(open_features(path + ":full")->rows(), 1);
  expect_names(refusal<InvalidArgument>(path + ":none"), {"none", "no rows", "(0, 4)"});
}

}  // namespace
}  // namespace culogme::io_test
