#include "io/cancel.hpp"
#include "io/support.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace culogme::io_test {
namespace {

// Writes bytes into a FIFO from a thread of its own.
class Writer {
 public:
  Writer(const std::string& fifo, std::string bytes)
      : thread_([fifo, content = std::move(bytes)] {
          const int descriptor = ::open(fifo.c_str(), O_WRONLY);
          std::size_t done = 0;
          while (done < content.size()) {
            const ssize_t step = ::write(descriptor, content.data() + done, content.size() - done);
            if (step <= 0) break;
            done += static_cast<std::size_t>(step);
          }
          ::close(descriptor);
        }) {}
  ~Writer() { thread_.join(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  std::thread thread_;
};

std::string make_fifo(const TemporaryFolder& folder) {
  const std::string path = folder.path("fifo");
  if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("cannot make a FIFO");
  return path;
}

TEST(Stream, ReadsAFifoToItsEnd) {
  const TemporaryFolder folder;
  const std::string fifo = make_fifo(folder);
  for (const char* name : {"f4.npy", "f8_fortran.npy", "i2_big_fortran.npy"}) {
    const Writer writer(fifo, read_bytes(data(name)));
    const auto reader = open_features(fifo);
    const std::vector<double> values = read_all(*reader, 7);
    for (std::int64_t i = 0; i < data_rows * data_cols; ++i) {
      ASSERT_EQ(values[static_cast<std::size_t>(i)], expected(i / data_cols, i % data_cols)) << name;
    }
    EXPECT_FALSE(reader->rewind());
  }
}

TEST(Stream, ChecksTheLengthOfAFifo) {
  const TemporaryFolder folder;
  const std::string fifo = make_fifo(folder);
  const std::string whole = read_bytes(data("f4.npy"));
  {
    const Writer writer(fifo, whole.substr(0, whole.size() - 4));
    expect_names(refusal<FileError>(fifo), {"fifo", "promises 740", "held 736"});
  }
  {
    const Writer writer(fifo, whole + "!");
    expect_names(refusal<FileError>(fifo), {"fifo", "more bytes follow"});
  }
  {
    const Writer writer(fifo, read_bytes(data("stored.npz")));
    expect_names(refusal<FileError>(fifo), {"fifo", "pipe", "regular file"});
  }
}

TEST(Stream, ReadsLabelsFromAFifo) {
  const TemporaryFolder folder;
  const std::string fifo = make_fifo(folder);
  const Writer writer(fifo, "0\n1\n2\n1\n");
  EXPECT_EQ(read_labels(fifo).ids, (std::vector<std::int32_t>{0, 1, 2, 1}));
}

TEST(Stream, LabelsThatNeverEndAreLeftAtTheRowsOfTheFeatures) {
  const TemporaryFolder folder;
  const std::string fifo = make_fifo(folder);
  const int held = ::open(fifo.c_str(), O_RDWR | O_NONBLOCK);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    while (!done)
      if (::write(held, "1\n1\n1\n1\n", 8) < 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  LabelOptions options;
  options.rows = 60;
  options.rows_of = "x.npy";
  const std::string message = message_of<InvalidArgument>([&] { read_labels(fifo, options); });
  done = true;
  writer.join();
  ::close(held);
  expect_names(message, {"x.npy has 60 rows", "more than 60 labels"});
}

TEST(Stream, WaitsForAWriterUntilCancelled) {
  const TemporaryFolder folder;
  const std::string fifo = make_fifo(folder);
  std::thread interrupt([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    detail::cancel_requested() = true;
  });
  EXPECT_THROW(open_features(fifo), detail::Cancelled);
  interrupt.join();
  detail::cancel_requested() = false;
}

TEST(Stream, IsLeftWhileItsThreadWaitsForMore) {
  const TemporaryFolder folder;
  const std::string fifo = make_fifo(folder);
  const int held = ::open(fifo.c_str(), O_RDWR);  // the pipe never ends
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 256), }";
  std::thread writer([&] {
    const std::string bytes = npy_bytes(header, std::string(std::size_t{5} << 20, '\0'));
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t step = ::write(held, bytes.data() + done, bytes.size() - done);
      if (step <= 0) break;
      done += static_cast<std::size_t>(step);
    }
  });
  {
    ReadOptions options;
    options.read_ahead = std::size_t{4} << 20;
    const auto reader = open_features(fifo, options);
    EXPECT_EQ(reader->next(1024).rows, 1024);
    writer.join();
  }
  ::close(held);
}

TEST(Stream, SaysWhenAFileShrinks) {
  const TemporaryFolder folder;
  const std::string path = folder.copy(data("f4.npy"), "shrinks.npy");
  const auto reader = open_features(path);
  ASSERT_EQ(::truncate(path.c_str(), 400), 0);
  const std::string message = message_of<FileError>([&] {
    while (reader->next(8).rows > 0) {
    }
  });
  expect_names(message, {"shrinks.npy", "became shorter"});
}

TEST(Stream, GivesTheSystemsReason) {
  const TemporaryFolder folder;
  expect_names(refusal<FileError>(folder.path("gone.npy")), {"gone.npy", "No such file"});
  ASSERT_EQ(::symlink("b", folder.path("a").c_str()), 0);
  ASSERT_EQ(::symlink("a", folder.path("b").c_str()), 0);
  expect_names(refusal<FileError>(folder.path("a")), {"/a", "levels of symbolic links"});
  expect_names(message_of<FileError>([&] { read_labels(folder.path()); }), {"directory"});
  const std::string secret = folder.copy(data("f4.npy"), "secret.npy");
  ASSERT_EQ(::chmod(secret.c_str(), 0), 0);
  if (::geteuid() == 0) {
    EXPECT_EQ(open_features(secret)->rows(), data_rows) << "root reads everything";
  } else {
    expect_names(refusal<FileError>(secret), {"secret.npy", "ermission"});
  }
}

TEST(Stream, ReadsAheadWithoutKeepingTheMatrix) {
  // 64 MiB in a sparse file: two buffers of 4 MiB and the caller's one are enough.
  const TemporaryFolder folder;
  const std::string path =
      folder.write("long.npy", npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 256), }"));
  ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(std::filesystem::file_size(path)) + (off_t{64} << 20)), 0);
  ReadOptions options;
  options.read_ahead = std::size_t{4} << 20;
  const auto reader = open_features(path, options);
  ASSERT_EQ(reader->next(1024).rows, 1024);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(reader->bytes_read(), std::int64_t{16} << 20);
}

}  // namespace
}  // namespace culogme::io_test
