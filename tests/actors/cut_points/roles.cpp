#include "actors/cut_points/roles.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "actors/actor_bench.h"
#include "actors/cut_points/trace.h"
#include "device/registry.h"
#include "device/test_support.h"
#include "os/replace_file.h"

namespace driftwood::test {
namespace {

using device::testing::must;

BenchDevice device_of(const Part& part) {
  return {.kind = part.device, .thread_count = 1, .isa = part.isa};
}

// An actor that has all its messages and was not started.
class Beginning {
 public:
  explicit Beginning(const Part& part)
      : conversation_(conversations(part.folders).at(part.conversation)),
        model_(must(model::open_model(conversation_.model))),
        bench_(model_, conversation_.guest, device_of(part)),
        actor_(bench_.spawn()) {
    for (std::string& message : messages_of(conversation_, *model_)) {
      actor_->send(std::move(message));
    }
  }

  const Conversation& conversation() const { return conversation_; }
  actor::Actor& actor() const { return *actor_; }

 private:
  Conversation conversation_;
  std::shared_ptr<const model::Model> model_;
  ActorBench bench_;
  std::unique_ptr<actor::Actor> actor_;
};

// What the GPU API's validation layer says is for the log, and ends the process too.
void expect_valid_calls() {
  if (device::validation_message_count() > 0) std::exit(EXIT_FAILURE);
}

std::unexpected<Error> different(const Part& part, std::uint64_t step, const char* what) {
  return fail(ErrorCode::corrupt, "Conversation {}, cut {}: after step {} {} is different.",
              part.conversation, part.cut, step, what);
}

}  // namespace

void make_whole(const Part& part) {
  const Beginning beginning(part);
  write_trace(part.trace, trace(beginning.actor(), beginning.conversation()));
  expect_valid_calls();
}

void freeze_and_die(const Part& part) {
  const Beginning beginning(part);
  must(beginning.actor().run([](std::string_view) {}, part.cut));
  const auto frozen = must(actor::Frozen::make(beginning.actor(), {}));
  must(os::replace_file(part.file, frozen->file().parts(), os::Durability::none));
  expect_valid_calls();
  ::kill(::getpid(), SIGKILL);
  std::abort();
}

Result<void> resume_and_compare(const Part& part) {
  const std::vector<Step> wanted = read_trace(part.trace);
  const Conversation conversation = conversations(part.folders).at(part.conversation);
  const auto file = must(actor::frozen::File::open(part.file));
  must(file.verify_checksums());
  const ActorBench bench(must(model::open_model(conversation.model)), must(actor::module_of(file)),
                         device_of(part));
  const actor::Thawed thawed = must(actor::thaw(file, bench.services(), bench.module()));
  if (thawed.sameness != actor::Sameness::identical) {
    return different(part, part.cut, "the order of sums");
  }
  actor::Actor& actor = *thawed.actor;
  if (digest_of(actor) != wanted.at(part.cut).digest) return different(part, part.cut, "the actor");
  std::vector<std::string> records;
  const std::uint64_t end = std::min(part.cut + part.steps, wanted.size() - 1);
  for (std::uint64_t step = part.cut + 1; step <= end; ++step) {
    const Step made = make_step(actor, records);
    if (made.records != wanted[step].records) return different(part, step, "what was written");
    if (made.digest != wanted[step].digest) return different(part, step, "the actor");
  }
  if (actor.is_ready() != (end + 1 < wanted.size())) return different(part, end, "the end");
  expect_valid_calls();
  return {};
}

}  // namespace driftwood::test
