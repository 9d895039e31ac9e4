// The processor quota that Linux control groups put on this process, both versions of them. Apart
// from the rest of process.h so that it can be tested on made-up trees.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace driftwood::os {

// The quota in processors, rounded up, at least 1; nothing if there is none.
// `membership` is the text of /proc/self/cgroup, `root` the folder where the groups are mounted.
// The least quota of the group and of those around it counts. Groups that are not to be seen under
// `root`, as in a container, set none.
std::optional<unsigned> cgroup_processor_quota(std::string_view membership,
                                               const std::string& root);

}  // namespace driftwood::os
