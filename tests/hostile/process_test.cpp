// Guests beside what else a process does: an embedder's own handler of SIGSEGV, and fork.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using test::Script;

constexpr int kEmbeddersHandler = 42;
constexpr int kBroken = 1;

std::string trapping_guest() {
  Script script;
  script.code("(drop (i32.load (i32.const -4)))");
  script.end_phase(0);
  return script.wat();
}

// Whether a guest that traps is stopped, in an engine and on a device of its own.
bool a_trap_is_caught() {
  const auto device = device::open_device("null", {}).value();
  const auto engine = Engine::create().value();
  const auto module = Module::compile(engine, test::wasm_of(trapping_guest())).value();
  Services services;
  services.device = device.get();
  services.write_output = [](std::string_view) {};
  services.random_bits = [] { return std::uint64_t{1}; };
  services.now_ns = [] { return std::uint64_t{1}; };
  const auto guest = Guest::create(module, services).value();
  const auto started = guest->start();
  return !started && started.error().code() == ErrorCode::guest_failed;
}

// Touches a page that nobody may: not the fault of a guest.
void fault() {
  void* const page = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *static_cast<volatile char*>(page) = 1;
}

struct sigaction before_ours;

void end_here(int) {
  ::_exit(kEmbeddersHandler);
}

// As a handler has to do that is installed over others: what is not its own goes on to them.
char* own_page = nullptr;
void end_or_pass_on(int signal, siginfo_t* info, void* context) {
  if (info->si_addr == own_page) ::_exit(kEmbeddersHandler);
  before_ours.sa_sigaction(signal, info, context);
}

// The exit code of a child that runs `body`; its end without an exit is kBroken.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(kBroken);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : kBroken;
}

#if defined(DRIFTWOOD_SANITIZED)
constexpr bool kSanitized = true;  // the sanitizer's own handler stands between the two
#else
constexpr bool kSanitized = false;
#endif

TEST(EmbeddersHandler, installed_before_the_engine_gets_the_faults_that_are_no_guests) {
  if (kSanitized) GTEST_SKIP() << "A sanitizer handles SIGSEGV itself.";
  EXPECT_EQ(in_child([] {
              ::signal(SIGSEGV, end_here);
              if (!a_trap_is_caught()) ::_exit(kBroken);
              fault();
            }),
            kEmbeddersHandler);
}

TEST(EmbeddersHandler, installed_after_the_engine_passes_on_what_is_a_guests) {
  if (kSanitized) GTEST_SKIP() << "A sanitizer handles SIGSEGV itself.";
  EXPECT_EQ(in_child([] {
              if (!a_trap_is_caught()) ::_exit(kBroken);
              struct sigaction ours = {};
              ours.sa_sigaction = end_or_pass_on;
              ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
              ::sigaction(SIGSEGV, &ours, &before_ours);
              if (!a_trap_is_caught()) ::_exit(kBroken);
              own_page = static_cast<char*>(
                  ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
              *const_cast<volatile char*>(own_page) = 1;
            }),
            kEmbeddersHandler);
}

TEST(Fork, a_child_uses_an_engine_of_its_own_while_the_parent_goes_on) {
  ASSERT_TRUE(a_trap_is_caught());  // the parent's handlers and threads are there
  const auto device = device::open_device("null", {}).value();
  Script script;
  script.code("(i32.store (i32.const 8) (i32.const 7))");
  script.end_phase(DW_NEXT_CONTINUE);
  script.code("(i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))");
  script.end_phase(DW_NEXT_IDLE);
  Services services;
  services.device = device.get();
  services.write_output = [](std::string_view) {};
  services.random_bits = [] { return std::uint64_t{1}; };
  services.now_ns = [] { return std::uint64_t{1}; };
  const auto module = test::compile(script.wat()).value();
  const auto guest = Guest::create(module, services).value();
  ASSERT_TRUE(guest->start());
  EXPECT_EQ(in_child([] { ::_exit(a_trap_is_caught() ? 0 : kBroken); }), 0);
  EXPECT_EQ(test::read_word(*guest, 8), 7);
  ASSERT_TRUE(guest->resume(Event::proceed));
  EXPECT_EQ(test::read_word(*guest, 8), 8);
  EXPECT_TRUE(a_trap_is_caught());
}

}  // namespace
}  // namespace driftwood::guest
