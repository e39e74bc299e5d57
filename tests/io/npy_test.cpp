#include "io/support.hpp"

#include <algorithm>
#include <utility>

namespace culogme::io_test {
namespace {

struct NumpyType {
  const char* code;
  Scalar scalar;
  bool has_sign;
};

// Integers up to 16 bits are exact in f32, wider ones go to f64; floats stay what they are.
constexpr NumpyType numpy_types[] = {
    {"i1", Scalar::f32, true},  {"i2", Scalar::f32, true},  {"i4", Scalar::f64, true},  {"i8", Scalar::f64, true},
    {"u1", Scalar::f32, false}, {"u2", Scalar::f32, false}, {"u4", Scalar::f64, false}, {"u8", Scalar::f64, false},
    {"f2", Scalar::f16, true},  {"f4", Scalar::f32, true},  {"f8", Scalar::f64, true},
};

TEST(Npy, ReadsEveryNumberTypeInBothOrders) {
  for (const NumpyType& type : numpy_types) {
    const std::string code = type.code;
    expect_matrix(data(code + ".npy"), type.scalar, type.has_sign);
    expect_matrix(data(code + "_fortran.npy"), type.scalar, type.has_sign);
    if (code.back() == '1') continue;
    expect_matrix(data(code + "_big.npy"), type.scalar, type.has_sign);
    expect_matrix(data(code + "_big_fortran.npy"), type.scalar, type.has_sign);
  }
}

TEST(Npy, ReadsBoolAsZeroAndOne) {
  const auto reader = open_features(data("b1.npy"));
  EXPECT_EQ(reader->scalar(), Scalar::f32);
  const std::vector<double> values = read_all(*reader, 10);
  for (std::int64_t i = 0; i < data_rows * data_cols; ++i) {
    const auto plain = static_cast<std::int64_t>(expected(i / data_cols, i % data_cols, false));
    ASSERT_EQ(values[static_cast<std::size_t>(i)], static_cast<double>(plain % 2)) << i;
  }
}

TEST(Npy, ReadsBfloat16OnlyWhenToldSo) {
  ReadOptions options;
  options.bfloat16 = true;
  expect_matrix(data("bf16.npy"), Scalar::bf16, true, options);
  expect_matrix(data("bf16_words.npy"), Scalar::bf16, true, options);
  expect_matrix(data("f2.npy"), Scalar::f16, true, options);
  expect_names(refusal<FileError>(data("bf16.npy")), {"bf16.npy", "V2", "bf16", "--bf16"});
  EXPECT_EQ(open_features(data("bf16_words.npy"))->scalar(), Scalar::f32);
}

TEST(Npy, ReadsHeadersOfOtherVersionsAndWriters) {
  expect_matrix(data("version_2.npy"), Scalar::f32);
  expect_matrix(data("version_3.npy"), Scalar::f32);
  expect_matrix(data("unpadded.npy"), Scalar::f32);
  expect_matrix(data("other_writer.npy"), Scalar::f64);
}

TEST(Npy, RefusesOtherElementTypesByName) {
  expect_names(refusal<FileError>(data("object.npy")), {"object.npy", "|O", "objects"});
  expect_names(refusal<FileError>(data("complex.npy")), {"complex.npy", "<c8", "complex"});
  expect_names(refusal<FileError>(data("structured.npy")), {"structured.npy", "structured", "[('a', '<f4')"});
  expect_names(refusal<FileError>(data("dates.npy")), {"dates.npy", "<M8[D]", "dates"});
  expect_names(refusal<FileError>(data("long_double.npy")), {"long_double.npy", "<f16", "long double"});
  expect_names(refusal<FileError>(data("text_matrix.npy")), {"text_matrix.npy", "<U1", "text"});
  expect_names(refusal<FileError>(data("raw.npy")), {"raw.npy", "|V3", "raw"});
}

TEST(Npy, RefusesOtherShapesAndShowsTheWay) {
  expect_names(refusal<InvalidArgument>(data("four_dimensions.npy")),
               {"four_dimensions.npy", "(3, 4, 2, 2)", "features.mean(axis=(2, 3))"});
  expect_names(refusal<InvalidArgument>(data("three_dimensions.npy")), {"(3, 4, 2)", "features.mean(axis=1)"});
  expect_names(refusal<InvalidArgument>(data("unpooled_ones.npy")), {"(3, 4, 1, 1)", "features.reshape(3, -1)"});
  expect_names(refusal<InvalidArgument>(data("scalar.npy")), {"scalar.npy", "()"});
  expect_names(refusal<InvalidArgument>(data("one_dimension.npy")), {"(4,)", "features[:, None]"});
  expect_names(refusal<InvalidArgument>(data("no_rows.npy")), {"no rows", "(0, 4)"});
  expect_names(refusal<InvalidArgument>(data("no_columns.npy")), {"no columns", "(4, 0)"});
}

struct BadHeader {
  const char* dictionary;
  std::vector<std::string> words;
};

TEST(Npy, RefusesHeadersThatAreNoPlainDictionary) {
  const TemporaryFolder folder;
  const BadHeader cases[] = {
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'extra': 1}", {"unknown key 'extra'"}},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", {"'descr' twice"}},
      {"{'fortran_order': False, 'shape': (2, 2)}", {"no 'descr'"}},
      {"{'descr': '<f4', 'shape': (2, 2)}", {"no 'fortran_order'"}},
      {"{'descr': '<f4', 'fortran_order': False}", {"no 'shape'"}},
      {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 2)}", {"fortran_order"}},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1+1)}", {"shape"}},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': [2, 2]}", {"shape"}},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': ((((2}", {"shape"}},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2)}", {"negative", "-2"}},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2)}", {"99999999999999999999"}},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", {"4294967296", "addressed"}},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} + 1", {"goes on"}},
      {"{'descr': '<f4' 'fortran_order': False, 'shape': (2, 2)}", {"','"}},
      {"['descr', '<f4']", {"'{'"}},
      {"{'descr': '<f3', 'fortran_order': False, 'shape': (2, 2)}", {"<f3", "not known"}},
      {"{'descr': '<U99999999', 'fortran_order': False, 'shape': (2, 2)}", {"<U99999999"}},
      {"{'descr': '', 'fortran_order': False, 'shape': (2, 2)}", {"not known"}},
  };
  for (const BadHeader& bad : cases) {
    SCOPED_TRACE(bad.dictionary);
    const std::string path = folder.write("bad.npy", npy_bytes(bad.dictionary, std::string(16, '\0')));
    const std::string message = refusal<FileError>(path);
    expect_names(message, {"bad.npy"});
    expect_names(message, bad.words);
  }
}

TEST(Npy, ComparesTheClaimedSizeWithTheFile) {
  const TemporaryFolder folder;
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 4), }";
  expect_names(refusal<FileError>(folder.write("a.npy", npy_bytes(header, std::string(100, '\0')))),
               {"a.npy", "promises 128 bytes", "holds 100"});
  expect_names(refusal<FileError>(folder.write("b.npy", npy_bytes(header, std::string(130, '\0')))),
               {"b.npy", "2 bytes follow after"});
  const std::string whole = read_bytes(data("f4.npy"));
  for (const std::size_t cut : {1, 6, 7, 9, 10, 60, 127}) {
    const std::string path = folder.write("cut.npy", std::string_view(whole).substr(0, cut));
    expect_names(refusal<FileError>(path), {"cut.npy"});
  }
  std::string version = whole;
  version[6] = 9;
  expect_names(refusal<FileError>(folder.write("version.npy", version)), {"version 9.0"});
}

TEST(Npy, TellsWhatAFileIsThatIsNone) {
  const TemporaryFolder folder;
  using std::string_literals::operator""s;
  const std::pair<std::string, std::string> cases[] = {
      {"\x1f\x8b\x08\x00 rest"s, "gzip"},
      {"PAR1 rest", "Parquet"},
      {"\x89HDF\r\n\x1a\n rest", "HDF5"},
      {"\x80\x04\x95 rest"s, "pickle"},
      {"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s, "torch"},
      {"MATLAB 5.0 MAT-file", "MATLAB"},
      {"ARROW1\0\0"s, "Arrow"},
      {"a,b\n1,2\n", "text"},
      {"version https://git-lfs.github.com/spec/v1\n", "Git LFS"},
      {std::string(64, '\0'), "00 00"},
  };
  for (const auto& [bytes, word] : cases) {
    const std::string message = refusal<FileError>(folder.write("wrong.npy", bytes));
    expect_names(message, {"wrong.npy", word, ".npy or .safetensors"});
  }
  expect_names(refusal<FileError>(folder.write("empty.npy", "")), {"empty.npy", "empty"});
}

TEST(Npy, GivesBlocksOfChangingSizes) {
  const auto reader = open_features(data("f4.npy"));
  std::int64_t row = 0;
  for (std::int64_t block = 1; row < data_rows; ++block) {
    const MatrixView view = reader->next(block);
    ASSERT_EQ(view.rows, std::min(block, data_rows - row));
    for (std::int64_t i = 0; i < view.rows; ++i, ++row) {
      for (std::int64_t j = 0; j < data_cols; ++j) {
        ASSERT_EQ(static_cast<const float*>(view.data)[i * data_cols + j], static_cast<float>(expected(row, j)));
      }
    }
  }
  EXPECT_EQ(reader->next(1).rows, 0);
  EXPECT_THROW(reader->next(0), InvalidArgument);
}

}  // namespace
}  // namespace culogme::io_test
