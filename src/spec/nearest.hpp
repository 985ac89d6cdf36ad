/// Moved to core/nearest.hpp; here for who still includes it by this name.
#pragma once

#include "core/nearest.hpp"
