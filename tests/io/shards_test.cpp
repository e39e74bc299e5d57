#include "io/support.hpp"

namespace culogme::io_test {
namespace {

// rows x 2 matrix of f4 or f8 in which every element is `value`.
std::string constant_npy(int rows, double value, bool wide = false) {
  std::string bytes;
  for (int i = 0; i < 2 * rows; ++i) {
    const auto narrow = static_cast<float>(value);
    bytes.append(wide ? reinterpret_cast<const char*>(&value) : reinterpret_cast<const char*>(&narrow), wide ? 8 : 4);
  }
  return npy_bytes(std::string("{'descr': '") + (wide ? "<f8" : "<f4") + "', 'fortran_order': False, 'shape': (" +
                       std::to_string(rows) + ", 2), }",
                   bytes);
}

TEST(Shards, ReadsAFolderInNaturalOrder) {
  const TemporaryFolder folder;
  std::vector<double> wanted;
  for (const int number : {0, 1, 2, 10, 11}) {
    folder.write("embedding_" + std::to_string(number) + ".npy", constant_npy(3, number));
    wanted.insert(wanted.end(), 6, number);
  }
  folder.write(".hidden_3.npy", "not read");
  folder.write("notes.txt", "not read");
  const auto reader = open_features(folder.path());
  EXPECT_EQ(reader->rows(), 15);
  EXPECT_EQ(reader->cols(), 2);
  for (const std::int64_t block : {1, 4, 15}) {
    EXPECT_EQ(read_all(*reader, block), wanted);
    ASSERT_TRUE(reader->rewind());
  }
  EXPECT_EQ(reader->place(0), "embedding_0.npy, row 0");
  EXPECT_EQ(reader->place(5), "embedding_1.npy, row 2");
  EXPECT_EQ(reader->place(9), "embedding_10.npy, row 0");
  EXPECT_EQ(open_features(data("f4.npy"))->place(9), "row 9");
}

TEST(Shards, ReadsAListInTheOrderGiven) {
  const TemporaryFolder folder;
  const std::string two = folder.write("two.npy", constant_npy(2, 2));
  const std::string one = folder.write("one.npy", constant_npy(1, 1));
  const auto reader = open_features(std::vector<std::string>{two, one});
  EXPECT_EQ(read_all(*reader, 8), (std::vector<double>{2, 2, 2, 2, 1, 1}));
}

TEST(Shards, PromotesToTheWidestType) {
  const TemporaryFolder folder;
  const std::string narrow = folder.write("narrow.npy", constant_npy(1, 0.5));
  const std::string wide = folder.write("wide.npy", constant_npy(1, 0.1, true));
  const auto reader = open_features(std::vector<std::string>{narrow, wide});
  EXPECT_EQ(reader->scalar(), Scalar::f64);
  EXPECT_EQ(read_all(*reader, 8), (std::vector<double>{0.5, 0.5, 0.1, 0.1}));
  const auto halves = open_features(std::vector<std::string>{data("f2.npy"), data("all.safetensors:bf16")});
  EXPECT_EQ(halves->scalar(), Scalar::f32);
  const std::vector<double> values = read_all(*halves, 10);
  for (std::int64_t row = 0; row < 2 * data_rows; ++row) {
    ASSERT_EQ(values[static_cast<std::size_t>(row * data_cols)], expected(row % data_rows, 0)) << row;
  }
}

TEST(Shards, RefusesWhatDoesNotBelongTogether) {
  const TemporaryFolder folder;
  const std::string narrow = folder.write("narrow.npy", constant_npy(1, 0));
  const std::string message = message_of<InvalidArgument>([&] {
    open_features(std::vector<std::string>{data("f4.npy"), narrow});
  });
  expect_names(message, {"f4.npy has 5 columns", "narrow.npy has 2 columns"});
  const std::string missing = message_of<FileError>([&] {
    open_features(std::vector<std::string>{narrow, folder.path("gone.npy")});
  });
  expect_names(missing, {"gone.npy", "No such file"});
  folder.write("other.npy", constant_npy(1, 0));
  expect_names(refusal<FileError>(folder.path()), {"different names", "narrow, other"});
  EXPECT_THROW(open_features(std::vector<std::string>{}), InvalidArgument);
}

TEST(Shards, RefusesAShardTwiceAndAnEmptyFolder) {
  const TemporaryFolder folder;
  expect_names(refusal<FileError>(folder.path()), {"folder", "no shards"});
  folder.write("x_1.npy", constant_npy(1, 0));
  folder.write("x_01.npy", constant_npy(1, 0));
  expect_names(refusal<FileError>(folder.path()), {"twice", "x_1.npy", "x_01.npy"});
}

TEST(Shards, AMissingNumberIsPartOfTheName) {
  const TemporaryFolder folder;
  for (const int number : {0, 1, 3}) folder.write("x_" + std::to_string(number) + ".npy", constant_npy(2, number));
  EXPECT_EQ(open_features(folder.path())->name(), folder.path() + " (no shard 2)");
  folder.write("x_7.npy", constant_npy(2, 7));
  EXPECT_EQ(open_features(folder.path())->name(), folder.path() + " (no shards 2, 4, 5, 6)");
  // Mostly missing: these are no counts of shards.
  folder.write("x_20240607.npy", constant_npy(2, 7));
  EXPECT_EQ(open_features(folder.path())->name(), folder.path());
  const TemporaryFolder whole;
  for (const int number : {4, 5}) whole.write("x_" + std::to_string(number) + ".npy", constant_npy(2, number));
  EXPECT_EQ(open_features(whole.path())->name(), whole.path());
}

TEST(Shards, NoticesAShardThatChanged) {
  const TemporaryFolder folder;
  folder.write("x_0.npy", constant_npy(2, 0));
  folder.write("x_1.npy", constant_npy(2, 1));
  const auto reader = open_features(folder.path());
  folder.write("x_1.npy", constant_npy(3, 1));
  const std::string message = message_of<FileError>([&] {
    while (reader->next(1).rows > 0) {
    }
  });
  expect_names(message, {"x_1.npy", "changed"});
}

}  // namespace
}  // namespace culogme::io_test
