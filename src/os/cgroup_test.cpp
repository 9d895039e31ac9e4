#include "os/cgroup.h"

#include <gtest/gtest.h>

#include "os/test_folder.h"

namespace driftwood::os {
namespace {

// A made-up tree of control groups.
class Cgroup : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) { root_.write(path, text); }
  void write_version_1(const std::string& group, const std::string& quota_us) {
    write(group + "/cpu.cfs_quota_us", quota_us + "\n");
    write(group + "/cpu.cfs_period_us", "100000\n");
  }
  std::optional<unsigned> quota(std::string_view membership) {
    return cgroup_processor_quota(membership, root_.path());
  }

  TestFolder root_;
};

TEST_F(Cgroup, without_files_sets_no_quota) {
  EXPECT_EQ(quota("0::/\n"), std::nullopt);
  EXPECT_EQ(quota("3:cpu,cpuacct:/a/b\n"), std::nullopt);
  EXPECT_EQ(quota(""), std::nullopt);
}

TEST_F(Cgroup, version_2_quota_is_in_the_own_group) {
  write("a/b/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 3u);
}

TEST_F(Cgroup, version_2_without_a_quota_says_max) {
  write("cpu.max", "max 100000\n");
  EXPECT_EQ(quota("0::/\n"), std::nullopt);
}

TEST_F(Cgroup, quota_is_rounded_up_to_whole_processors) {
  write("cpu.max", "150000 100000\n");
  EXPECT_EQ(quota("0::/\n"), 2u);
  write("cpu.max", "1000 100000\n");
  EXPECT_EQ(quota("0::/\n"), 1u);
  write("cpu.max", "0 100000\n");
  EXPECT_EQ(quota("0::/\n"), 1u);
}

TEST_F(Cgroup, least_quota_of_the_groups_around_counts) {
  write("a/b/cpu.max", "max 100000\n");
  write("a/cpu.max", "200000 100000\n");
  write("cpu.max", "700000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 2u);
}

TEST_F(Cgroup, group_that_a_container_hides_leaves_that_of_the_root) {
  write("cpu.max", "200000 100000\n");
  EXPECT_EQ(quota("0::/system.slice/hidden\n"), 2u);
}

TEST_F(Cgroup, version_1_quota_is_under_the_controller) {
  write_version_1("cpu,cpuacct/a", "400000");
  EXPECT_EQ(quota("5:memory:/a\n4:cpu,cpuacct:/a\n"), 4u);
}

TEST_F(Cgroup, version_1_without_a_quota_says_minus_one) {
  write_version_1("cpu", "-1");
  EXPECT_EQ(quota("1:cpu:/\n"), std::nullopt);
}

TEST_F(Cgroup, other_version_1_controllers_are_not_looked_at) {
  write_version_1("cpuset", "100000");
  write_version_1("cpuacct", "100000");
  EXPECT_EQ(quota("1:cpuset:/\n2:cpuacct:/\n3:name=systemd:/\n"), std::nullopt);
}

TEST_F(Cgroup, both_versions_side_by_side_give_the_lesser) {
  write_version_1("cpu", "600000");
  write("cpu.max", "500000 100000\n");
  EXPECT_EQ(quota("1:cpu:/\n0::/\n"), 5u);
}

TEST_F(Cgroup, broken_files_set_no_quota) {
  for (const char* text : {"", "\n", " ", "100000", "100000 \n", "100000 0\n", "x 100000\n",
                           "1e5 100000\n", "99999999999999999999 100000\n", "-5 100000\n"}) {
    write("cpu.max", text);
    EXPECT_EQ(quota("0::/\n"), std::nullopt) << text;
  }
}

TEST_F(Cgroup, huge_quota_does_not_wrap) {
  write("cpu.max", "18446744073709551615 1\n");
  EXPECT_EQ(quota("0::/\n"), 1u << 20);
}

TEST_F(Cgroup, broken_membership_sets_no_quota) {
  write("sub/cpu.max", "100000 100000\n");
  for (const char* text : {"\n", "::\n", "0\n", "0:\n", ":::::", "no colons", "1:cpu\n"}) {
    EXPECT_EQ(quota(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace driftwood::os
