// What one actor is between two steps: its guest, and what lies before and behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "guest/guest.h"
#include "guest/module.h"
#include "guest/snapshot.h"

namespace driftwood::actor {

struct Snapshot {
  struct Message {
    std::string text;
    std::optional<std::uint64_t> left_ns;  // of its time; 0 when that is over
  };

  guest::Snapshot guest;
  std::shared_ptr<const guest::Module> module;  // null in one that was read from a thin file
  std::string options_json;                     // that the guest was started with
  guest::Next next = guest::Next::idle;         // what the guest returned last
  Result<void> outcome;                         // of the run, if that is what it waited for
  bool in_message = false;
  bool end_told = false;                 // to the guest: that its work is to end
  bool cancelled = false;                // the owner wants that
  std::optional<std::uint64_t> left_ns;  // of the present message's time
  std::vector<Message> mailbox;
  std::uint64_t output_position = 0;  // of the first record that nobody has taken
  std::vector<std::string> output;    // these records
};

}  // namespace driftwood::actor
