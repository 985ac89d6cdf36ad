// Compiles the headers of this folder on their own, once for the whole library.
#include "wire/bytes.hpp"
#include "wire/fields.hpp"
#include "wire/json.hpp"
