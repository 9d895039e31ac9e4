// The conversations that are cut: each a model, a guest, and all messages of its mailbox.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "model/model.h"

namespace driftwood::test {

// Where models and recordings lie.
struct Folders {
  std::string source;  // of the repository: the default model
  std::string data;    // reference data
};

struct Conversation {
  std::string name;
  std::string guest;  // of those that are built in
  std::string model;  // a path
  std::vector<nlohmann::json> requests;
  std::string alphabet;  // its bytes are what is written, so that tokens are parts of characters
  std::vector<std::string> recordings;  // instead of requests: WAV files
};

// All of them, whether their files are there or not. Recordings that are not there are empty.
std::vector<Conversation> conversations(const Folders& folders);

// What is sent, in order.
std::vector<std::string> messages_of(const Conversation& conversation, const model::Model& model);

}  // namespace driftwood::test
