// Source statistics of rows in device memory: the bits of host memory, and bad values that are told later.

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/source.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/device.hpp"
#include "support/storage.hpp"

namespace {

using culogme::NumericalError;
using culogme::Scalar;
using culogme::SourceStatistics;
using support::Data;
using support::DeviceLabels;
using support::DeviceStored;
using support::Stored;

class CudaSource : public support::CudaTest {
 protected:
  const std::int64_t rows = 200, width = 45, classes = 4;
  const support::Labels labels = support::balanced_labels(rows, classes, 1);
  Data source = support::probabilities(rows, width, 2, 2);
};

TEST_F(CudaSource, WhereTheNumbersLieDoesNotChangeABit) {
  culogme::Engine engine = cuda_engine();
  for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64}) {
    const Stored host(source, scalar, {5, 24});
    const DeviceStored device(host);
    const DeviceLabels narrow(labels), wide(labels, true);
    const double value = culogme::leep(engine, host.view(), support::view(labels), classes).value,
                 entropy = culogme::nce(engine, host.view(), support::view(labels), classes).value;
    EXPECT_EQ(culogme::leep(engine, device.view(), narrow.view(), classes).value, value);
    EXPECT_EQ(culogme::leep(engine, device.view(), wide.view(), classes).value, value);
    EXPECT_EQ(culogme::leep(engine, device.view(), support::view(labels), classes).value, value);
    EXPECT_EQ(culogme::leep(engine, host.view(), wide.view(), classes).value, value);
    EXPECT_EQ(culogme::nce(engine, device.view(), narrow.view(), classes).value, entropy);
  }
}

TEST_F(CudaSource, SourceLabelsOnTheDevice) {
  culogme::Engine engine = cuda_engine();
  const support::Labels known = support::balanced_labels(rows, 6, 3);
  const DeviceLabels device(labels), device_known(known, true);
  const double value = culogme::nce(engine, support::view(known), support::view(labels), 6, classes).value;
  EXPECT_EQ(culogme::nce(engine, device_known.view(), device.view(), 6, classes).value, value);
  EXPECT_EQ(culogme::nce(engine, device_known.view(), support::view(labels), 6, classes).value, value);
}

TEST_F(CudaSource, BadValuesOnTheDeviceAreToldByTheNextCallThatWaits) {
  culogme::Engine engine = cuda_engine();
  const DeviceLabels device_labels(labels);
  const auto text = [&](const Data& bad, const culogme::LabelView& ids, bool ids_only) {
    const DeviceStored good(ids_only ? bad : source, Scalar::f64), second(bad, Scalar::f64);
    SourceStatistics statistics(engine, classes, width);
    statistics.add(good.view(), device_labels.view());
    statistics.add(second.view(), ids);
    const std::string message = support::message_of<NumericalError>([&] { culogme::nce(statistics); });
    EXPECT_THROW(statistics.joint_sums(), culogme::InvalidArgument) << "they are of no use from then on";
    return message;
  };
  Data bad = source;
  bad(17, 44) = std::nan("");
  bad(18, 0) = -1;
  CULOGME_EXPECT_HOLDS(text(bad, device_labels.view(), false), "NaN at row 217, column 44");
  bad = source;
  bad(3, 7) = -0.5;
  CULOGME_EXPECT_HOLDS(text(bad, device_labels.view(), false), "-0.5 at row 203, column 7 is no probability");
  bad = source;
  for (std::int64_t z = 0; z < width; ++z) bad(9, z) = z < 4 ? 0.3125 : 0;
  CULOGME_EXPECT_HOLDS(text(bad, device_labels.view(), false), "row 209 adds up to 1.25");
  support::Labels wrong = labels;
  wrong[50] = 4;
  const DeviceLabels device_wrong(wrong);
  CULOGME_EXPECT_HOLDS(text(source, device_wrong.view(), true), "labels: 4 at row 250 is no class id (0..3)");
}

TEST_F(CudaSource, BadSourceLabelsOnTheDevice) {
  culogme::Engine engine = cuda_engine();
  support::Labels known = support::balanced_labels(rows, 6, 3);
  known[8] = -2;
  const DeviceLabels device(labels), device_known(known);
  CULOGME_EXPECT_HOLDS(support::message_of<NumericalError>(
                           [&] { culogme::nce(engine, device_known.view(), device.view(), 6, classes); }),
                       "source_labels: -2 at row 8 is no source class id (0..5)");
}

}  // namespace
