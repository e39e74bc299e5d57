#pragma once

#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include <culogme/engine.hpp>

namespace culogme {

/// How GoogleTest prints a parameter of this type.
inline void PrintTo(Backend backend, std::ostream* stream) { *stream << backend_name(backend); }

}  // namespace culogme

namespace support {

/// Engine on a backend with a fixed number of threads (0: all).
inline culogme::Engine make_engine(culogme::Backend backend, int threads = 0) {
  culogme::EngineOptions options;
  options.backend = backend;
  options.threads = threads;
  return culogme::Engine(options);
}

/// Suites derive from this and use CULOGME_OVER_BACKENDS: the same tests run on every backend that is there.
/// backends_test.cpp makes the absence of a backend named in CULOGME_REQUIRE_BACKENDS a failure.
class BackendTest : public testing::TestWithParam<culogme::Backend> {
 protected:
  culogme::Engine engine = make_engine(GetParam());
};

inline std::string backend_test_name(const testing::TestParamInfo<culogme::Backend>& info) {
  return culogme::backend_name(info.param);
}

}  // namespace support

// GoogleTest's own macro needs the suite's name as a token, so this is a macro too.
#define CULOGME_OVER_BACKENDS(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, testing::ValuesIn(culogme::available_backends()), support::backend_test_name)
