// Files of source statistics: round trips, damage, and the other kind of file.

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/source.hpp>
#include <culogme/statistics.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::FileError;
using culogme::Scalar;
using culogme::SourceInput;
using culogme::SourceOptions;
using culogme::SourceStatistics;
using support::Stored;

class SourceFile : public support::BackendTest {
 protected:
  SourceStatistics sums(const SourceOptions& options) {
    SourceStatistics statistics(engine, 3, 5, options);
    const support::Labels labels = support::balanced_labels(20, 3, 1);
    if (options.input == SourceInput::labels)
      statistics.add(support::view(support::balanced_labels(20, 5, 2)), support::view(labels));
    else
      statistics.add(Stored(support::probabilities(20, 5, 1, 3), Scalar::f32).view(), support::view(labels));
    return statistics;
  }

  static std::string bytes_of(const SourceStatistics& statistics) {
    std::ostringstream stream;
    statistics.save(stream);
    return stream.str();
  }

  SourceStatistics load(const std::string& bytes) {
    std::istringstream stream(bytes);
    return SourceStatistics::load(engine, stream);
  }
};
CULOGME_OVER_BACKENDS(SourceFile);

TEST_P(SourceFile, WhatWasSavedComesBack) {
  for (const SourceOptions& options :
       {SourceOptions{SourceInput::probabilities, true}, SourceOptions{SourceInput::probabilities, false},
        SourceOptions{SourceInput::logits, true}, SourceOptions{SourceInput::labels, true}}) {
    const SourceStatistics statistics = sums(options);
    const std::string bytes = bytes_of(statistics);
    const SourceStatistics again = load(bytes);
    EXPECT_EQ(again.rows(), 20);
    EXPECT_EQ(again.classes(), 3);
    EXPECT_EQ(again.source_classes(), 5);
    EXPECT_EQ(again.input(), options.input);
    EXPECT_EQ(again.joint_sums(), statistics.joint_sums());
    EXPECT_EQ(again.joint_counts(), statistics.joint_counts());
    EXPECT_EQ(again.class_rows(), statistics.class_rows());
    EXPECT_EQ(bytes_of(again), bytes);
  }
}

TEST_P(SourceFile, EveryDamagedByteAndLengthIsFound) {
  const std::string bytes = bytes_of(sums({}));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_THROW(load(damaged), FileError) << i;
    EXPECT_THROW(load(bytes.substr(0, i)), FileError) << i;
  }
  EXPECT_THROW(load(bytes + "x"), FileError);
}

TEST_P(SourceFile, TheTwoKindsOfFilesAreToldApart) {
  std::istringstream source(bytes_of(sums({})));
  CULOGME_EXPECT_HOLDS(support::message_of<FileError>([&] { culogme::Statistics::load(engine, source); }),
                       "source statistics");
  culogme::Statistics statistics(engine, 2, 2);
  std::ostringstream stream;
  statistics.save(stream);
  CULOGME_EXPECT_HOLDS(support::message_of<FileError>([&] { load(stream.str()); }), "statistics of features");
}

}  // namespace
