#pragma once

#include <culogme/engine.hpp>
#include <culogme/error.hpp>
#include <culogme/evaluate.hpp>
#include <culogme/io.hpp>
#include <culogme/matrix.hpp>
#include <culogme/posterior.hpp>
#include <culogme/score.hpp>
#include <culogme/source.hpp>
#include <culogme/statistics.hpp>
#include <culogme/version.hpp>
