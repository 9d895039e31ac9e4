// Conversations are frozen at random places, each in a process that is killed then, and go on in
// another one with the same bits: `cut_points --cuts 1000 --seed 7`. With --device they are on a
// GPU; with --freeze-isa and --thaw-isa they are thawed for another instruction set than they were
// frozen from.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "actors/cut_points/driver.h"
#include "actors/cut_points/roles.h"
#include "device/registry.h"
#include "os/process.h"
#include "support/devices.h"

namespace {

using namespace driftwood;

constexpr int kSkipped = 77;  // as CTest is told

// Whether this machine has it; if not, says so.
bool has_isa(const std::string& isa) {
  const auto device = device::open_device("cpu", {.thread_count = 1, .isa = isa});
  if (!device) fmt::print("SKIPPED: {}\n", device.error().message());
  return device.has_value();
}

int drive(const test::Plan& plan) {
  if (const std::string& missing = test::device_of_kind(plan.device).missing; !missing.empty()) {
    fmt::print("SKIPPED: {}: {}\n", plan.device, missing);
    return test::is_ci() ? EXIT_FAILURE : kSkipped;
  }
  for (const std::string& isa : {plan.freeze_isa, plan.thaw_isa}) {
    if (!has_isa(isa)) return kSkipped;
  }
  return test::cut_and_compare(plan) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argument_count, char** arguments) {
  test::Plan plan;
  plan.folders = {DRIFTWOOD_SOURCE_DIR, DRIFTWOOD_TEST_DATA};
  plan.seed = os::random_bits() >> 32;
  test::Part part;
  std::string role = "drive";
  CLI::App app;
  app.add_option("--cuts", plan.cuts);
  app.add_option("--seed", plan.seed);
  app.add_option("--steps", plan.steps, "that are compared after each cut");
  app.add_option("--processes", plan.processes, "that work at a time");
  app.add_option("--device", plan.device);
  app.add_option("--freeze-isa", plan.freeze_isa);
  app.add_option("--thaw-isa", plan.thaw_isa);
  app.add_option("--only", plan.only, "conversations with this in their name");
  app.add_option("--source", plan.folders.source, "the folder that has models/default");
  app.add_option("--data", plan.folders.data, "the folder of the reference data");
  // For the processes that it starts.
  app.add_option("--role", role)->check(CLI::IsMember({"drive", "whole", "freeze", "resume"}));
  app.add_option("--conversation", part.conversation);
  app.add_option("--isa", part.isa);
  app.add_option("--cut", part.cut);
  app.add_option("--file", part.file);
  app.add_option("--trace", part.trace);
  CLI11_PARSE(app, argument_count, arguments);

  part.device = plan.device;
  part.folders = plan.folders;
  part.steps = plan.steps;
  plan.program = arguments[0];
  if (role == "whole") test::make_whole(part);
  if (role == "freeze") test::freeze_and_die(part);
  if (role == "drive") return drive(plan);
  if (role == "resume") {
    if (const auto same = test::resume_and_compare(part); !same) {
      fmt::print(stderr, "{}\n", same.error().message());
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}
