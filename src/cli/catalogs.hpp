/// What a study file may name, from the catalogs of this binary.
#pragma once

#include "spec/catalogs.hpp"

namespace coppice {

Catalogs make_catalogs();

}  // namespace coppice
