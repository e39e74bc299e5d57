#include "io/support.hpp"

#include <string>
#include <vector>

#include <zlib.h>

namespace culogme::io_test {
namespace {

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i, value >>= 8) out += static_cast<char>(value & 0xFF);
  return out;
}

struct Entry {
  std::string name;
  std::string data;
  std::string central_name = {};  // empty: the same
  std::uint64_t claimed = 0;      // 0: the true size
  std::uint32_t crc_change = 0;
  std::uint16_t flags = 0;
};

// A stored archive, byte by byte, so that its parts can disagree.
std::string zip_of(const std::vector<Entry>& entries, const std::string& between = "", bool same_place = false) {
  std::string file;
  std::string directory;
  for (const Entry& entry : entries) {
    const auto true_crc =
        crc32(0, reinterpret_cast<const Bytef*>(entry.data.data()), static_cast<uInt>(entry.data.size()));
    const std::uint64_t size = entry.claimed != 0 ? entry.claimed : entry.data.size();
    const std::uint64_t offset = same_place ? 0 : file.size();
    const std::string& central = entry.central_name.empty() ? entry.name : entry.central_name;
    const std::string fields = little(20, 2) + little(entry.flags, 2) + little(0, 2) + little(0, 4) +
                               little(true_crc ^ entry.crc_change, 4) + little(size, 4) + little(size, 4);
    if (!same_place || file.empty()) {
      file += little(0x04034b50, 4) + fields + little(entry.name.size(), 2) + little(0, 2) + entry.name + entry.data;
      file += between;
    }
    directory += little(0x02014b50, 4) + little(20, 2) + fields + little(central.size(), 2) + little(0, 12) +
                 little(offset, 4) + central;
  }
  const std::uint64_t start = file.size();
  return file + directory + little(0x06054b50, 4) + little(0, 4) + little(entries.size(), 2) +
         little(entries.size(), 2) + little(directory.size(), 4) + little(start, 4) + little(0, 2);
}

TEST(Npz, ReadsStoredAndDeflatedAndZip64) {
  for (const char* name :
       {"stored", "deflated", "zip64", "zip64_deflated", "comment", "extra", "descriptor", "descriptor_stored"}) {
    expect_matrix(data(std::string(name) + ".npz:features"), Scalar::f32);
  }
  expect_matrix(data("stored.npz:features.npy"), Scalar::f32);
}

TEST(Npz, ReadsColumnOrder) {
  expect_matrix(data("fortran_stored.npz"), Scalar::f32);
  expect_matrix(data("fortran_deflated.npz"), Scalar::f32);
}

TEST(Npz, NeedsANameOnlyWhereThereAreSeveral) {
  expect_matrix(data("fortran_stored.npz:features"), Scalar::f32);
  expect_names(refusal<FileError>(data("stored.npz")), {"stored.npz", "several", "features, labels"});
  expect_names(refusal<FileError>(data("stored.npz:fetures")), {"'fetures'", "features, labels"});
  expect_names(refusal<FileError>(data("no_arrays.npz")), {"no_arrays.npz", "without any .npy"});
  expect_names(refusal<FileError>(data("f4.npy:features")), {"f4.npy", ":features"});
}

TEST(Npz, NamesMethodsThatItCannotRead) {
  expect_names(refusal<FileError>(data("bzip2.npz")), {"bzip2.npz", "features.npy", "12 (bzip2)"});
}

TEST(Npz, ReadsAnArchiveMadeByHand) {
  const TemporaryFolder folder;
  expect_matrix(folder.write("good.npz", zip_of({{"features.npy", read_bytes(data("f4.npy"))}})), Scalar::f32);
}

TEST(Npz, ChecksTheCrcAtTheEnd) {
  const TemporaryFolder folder;
  for (const char* kind : {"stored.npz", "deflated.npz"}) {
    std::string bytes = read_bytes(data(kind));
    // The directory's own CRC and that of the local header are changed alike, so that only the data disagree.
    std::string crc;
    const std::size_t local = bytes.find("features.npy") - 30;
    crc = bytes.substr(local + 14, 4);
    for (std::size_t at = bytes.find(crc); at != std::string::npos; at = bytes.find(crc, at + 4)) bytes[at] ^= 1;
    const std::string path = folder.write("crc.npz", bytes);
    expect_names(refusal<FileError>(path + ":features"), {"crc.npz", "features.npy", "CRC"});
  }
  std::string fortran = read_bytes(data("fortran_stored.npz"));
  const std::size_t middle = fortran.find("NUMPY") + 200;
  fortran[middle] ^= 1;
  expect_names(refusal<FileError>(folder.write("fortran.npz", fortran)), {"fortran.npz", "CRC"});
}

TEST(Npz, RefusesEntriesThatShareOrLeaveBytes) {
  const TemporaryFolder folder;
  const std::string array = read_bytes(data("f4.npy"));
  const Entry features{"features.npy", array};
  Entry other{"features.npy", array};
  other.central_name = "labels.npy";
  const std::string same = folder.write("same.npz", zip_of({features, other}, "", true));
  expect_names(refusal<FileError>(same + ":features"), {"same.npz", "labels.npy", "features.npy", "same place"});
  const std::string twice = folder.write("twice.npz", zip_of({features, features}));
  expect_names(refusal<FileError>(twice), {"twice.npz", "features.npy", "twice"});
  const Entry labels{"labels.npy", array};
  const std::string hole = folder.write("hole.npz", zip_of({features, labels}, "seven.."));
  expect_names(refusal<FileError>(hole + ":features"), {"hole.npz", "7 bytes", "no entry"});
  Entry longer = features;
  longer.claimed = array.size() + 40;
  const std::string overlap = folder.write("overlap.npz", zip_of({longer, labels}));
  expect_names(refusal<FileError>(overlap + ":features"), {"overlap.npz", "labels.npy", "overlaps", "features.npy"});
  Entry secret = features;
  secret.flags = 1;
  expect_names(refusal<FileError>(folder.write("secret.npz", zip_of({secret}))), {"secret.npz", "encrypted"});
}

TEST(Npz, StopsWhenTheArrayIsFull) {
  const TemporaryFolder folder;
  const std::string array = read_bytes(data("f4.npy"));
  const std::string more = folder.write("more.npz", zip_of({{"features.npy", array + "more"}}));
  expect_names(refusal<FileError>(more), {"more.npz", "features.npy", "4 more than"});
  const std::string less = folder.write("less.npz", zip_of({{"features.npy", array.substr(0, array.size() - 8)}}));
  expect_names(refusal<FileError>(less), {"less.npz", "promises 740", "holds 732"});
}

TEST(Npz, RefusesEveryCutOfAnArchive) {
  const TemporaryFolder folder;
  const std::string whole = read_bytes(data("deflated.npz"));
  for (std::size_t cut = 4; cut < whole.size(); cut += 7) {
    const std::string path = folder.write("cut.npz", std::string_view(whole).substr(0, cut));
    expect_names(refusal<FileError>(path + ":features"), {"cut.npz"});
  }
}

TEST(Npz, TellsTorchFiles) {
  const TemporaryFolder folder;
  const std::string path = folder.write("features.pt", zip_of({{"archive/data.pkl", "not opened"}}));
  expect_names(refusal<FileError>(path), {"features.pt", "torch", ".npy or .safetensors"});
}

}  // namespace
}  // namespace culogme::io_test
