// Which backends there are, and what an Engine refuses.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

#include <culogme/engine.hpp>
#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "cpu/blas.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/storage.hpp"

namespace {

using support::message_of;

// Sets a variable for one scope and puts the old value back.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value, 1);
  }
  ~Variable() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

std::vector<std::string> available_names() {
  std::vector<std::string> names;
  for (const culogme::Backend backend : culogme::available_backends())
    names.emplace_back(culogme::backend_name(backend));
  return names;
}

// A skip counts as a pass, so CI names the backends that must be there: CULOGME_REQUIRE_BACKENDS=cuda,cpu.
TEST(Backends, RequiredOnesAreThere) {
  const std::vector<std::string> names = available_names();
  const char* required = std::getenv("CULOGME_REQUIRE_BACKENDS");
  std::istringstream list(required != nullptr ? required : "cpu");
  for (std::string name; std::getline(list, name, ',');)
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << "backend " << name << " is not available";
}

TEST(Backends, EveryUnavailableOneSaysWhy) {
  const std::vector<std::string> names = available_names();
  std::size_t available = 0;
  for (const culogme::BackendInfo& info : culogme::backend_info()) {
    const bool listed = std::find(names.begin(), names.end(), culogme::backend_name(info.backend)) != names.end();
    EXPECT_EQ(info.available, listed) << culogme::backend_name(info.backend);
    available += info.available ? 1U : 0U;
    if (info.available) {
      EXPECT_FALSE(info.description.empty());
    } else {
      EXPECT_FALSE(info.reason.empty());
      culogme::EngineOptions options;
      options.backend = info.backend;
      const std::string message =
          message_of<culogme::BackendUnavailable>([&] { const culogme::Engine engine(options); });
      CULOGME_EXPECT_HOLDS(message, info.reason);
    }
  }
  EXPECT_EQ(available, names.size());
}

TEST(Backends, TheVariableChoosesAndUnknownNamesAreRefused) {
  for (const culogme::Backend backend : culogme::available_backends()) {
    const Variable variable("CULOGME_BACKEND", culogme::backend_name(backend));
    EXPECT_EQ(culogme::Engine().backend(), backend);
  }
  const Variable variable("CULOGME_BACKEND", "abacus");
  const std::string message = message_of<culogme::InvalidArgument>([] { const culogme::Engine engine; });
  CULOGME_EXPECT_HOLDS(message, "CULOGME_BACKEND");
  CULOGME_EXPECT_HOLDS(message, "abacus");
}

TEST(Backends, OptionsOutOfRangeAreRefused) {
  culogme::EngineOptions options;
  options.threads = -3;
  CULOGME_EXPECT_HOLDS(message_of<culogme::InvalidArgument>([&] { const culogme::Engine engine(options); }), "-3");
  options = {};
  options.device = -2;
  CULOGME_EXPECT_HOLDS(message_of<culogme::InvalidArgument>([&] { const culogme::Engine engine(options); }), "-2");
}

class EngineTest : public support::BackendTest {};
CULOGME_OVER_BACKENDS(EngineTest);

TEST_P(EngineTest, DescribesItself) {
  EXPECT_EQ(engine.backend(), GetParam());
  EXPECT_EQ(engine.description().rfind(culogme::backend_name(GetParam()), 0), 0U) << engine.description();
  EXPECT_GE(engine.threads(), 1);
  EXPECT_GT(engine.workspace_limit(), 0U);
  EXPECT_EQ(support::make_engine(GetParam(), 3).threads(), 3);
}

// On the CPU the limit takes workers away, which changes no bit; on a device it makes the tiles smaller.
TEST_P(EngineTest, ASmallWorkspaceGivesTheSameScore) {
  culogme::EngineOptions options;
  options.backend = GetParam();
  options.workspace_limit = std::size_t{1} << 16U;
  culogme::Engine small(options);
  EXPECT_EQ(small.workspace_limit(), options.workspace_limit);
  const support::Labels labels = support::balanced_labels(5000, 3, 2);
  const support::Stored stored(support::normal(5000, 20, 3), culogme::Scalar::f32);
  const culogme::Score limited = culogme::score(small, stored.view(), support::view(labels), 3);
  const culogme::Score free = culogme::score(engine, stored.view(), support::view(labels), 3);
  if (GetParam() == culogme::Backend::cpu) return support::expect_same_bits(limited, free);
  EXPECT_LE(std::fabs(limited.value - free.value), limited.error_bound + free.error_bound);
  EXPECT_LE(limited.error_bound, tolerance::benign_agreement);
}

TEST_P(EngineTest, MovedFromIsRefusedAndTheStatisticsLiveOn) {
  const support::Data features = support::integers(30, 4, 1);
  const support::Labels labels = support::balanced_labels(30, 3, 2);
  const support::Stored stored(features, culogme::Scalar::f64);
  culogme::Statistics statistics(engine, 4, 3);
  statistics.add(stored.view(), support::view(labels));
  const double before = culogme::score(statistics).value;
  {
    const culogme::Engine other = std::move(engine);
    EXPECT_EQ(other.backend(), GetParam());
    // NOLINTBEGIN(bugprone-use-after-move): what a moved-from engine says is the point
    EXPECT_THROW(culogme::score(engine, stored.view(), support::view(labels), 3), culogme::InvalidArgument);
    EXPECT_THROW(culogme::Statistics(engine, 4, 3), culogme::InvalidArgument);
    EXPECT_THROW(engine.description(), culogme::InvalidArgument);
    // NOLINTEND(bugprone-use-after-move)
  }
  EXPECT_EQ(culogme::score(statistics).value, before);  // statistics keep their backend alive
}

TEST(BlasKernel, AnOldOneOnANewProcessorHasABetter) {
  using culogme::detail::better_kernel;
  EXPECT_EQ(better_kernel("SkylakeX", true, true), "");
  EXPECT_EQ(better_kernel("Haswell", true, true), "");
  EXPECT_EQ(better_kernel("Prescott", false, false), "");
  EXPECT_EQ(better_kernel("Prescott", true, false), "Haswell");
  EXPECT_EQ(better_kernel("Nehalem", true, true), "SkylakeX");
}

}  // namespace
