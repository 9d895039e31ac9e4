// Whether bytes are UTF-8.
#pragma once

#include <string_view>

namespace driftwood::graph {

// Well-formed UTF-8 as of RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace driftwood::graph
