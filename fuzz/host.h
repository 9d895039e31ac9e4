// What targets whose guest is that of interpreter.cpp need around it.
#pragma once

#include <embedded/interpreter.h>

#include <memory>
#include <string_view>

#include "actor/actor.h"
#include "core/log.h"
#include "device/registry.h"
#include "guest/module.h"
#include "model/model.h"
#include "support/program_fate.h"

namespace driftwood::fuzz {

inline constexpr std::string_view kTokenizer = R"({"version":"1.0","truncation":null,"padding":null,
  "added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},
  "post_processor":null,"decoder":null,
  "model":{"type":"WordLevel","vocab":{"?":0,"red":1,"green":2,"blue":3},"unk_token":"?"}})";

struct Host {
  Host() {
    log::configure(log::Level::error, [](log::Level, std::string_view) {});
    module =
        guest::Module::compile(guest::Engine::create().value(), embedded::interpreter()).value();
    device = device::open_device("cpu", {.thread_count = 1, .isa = ""}).value();
    auto made = std::make_shared<model::Model>();
    made->config_json = "{}";
    made->generation_config_json = "{}";
    made->weights = std::make_shared<test::FewWeights>();
    made->tokenizer = model::Tokenizer::from_json(kTokenizer).value();
    model = std::move(made);
  }

  guest::Services services() const {
    guest::Services services;
    services.device = device.get();
    services.model = model;
    services.limits.memory_bytes = 1 << 24;
    services.limits.device_bytes = 1 << 20;
    services.limits.program_bytes = 1 << 18;
    services.limits.handles = 64;
    services.limits.call_ns = 5'000'000'000;
    services.random_bits = [] { return std::uint64_t{42}; };
    services.now_ns = [] { return std::uint64_t{43}; };
    return services;
  }

  std::shared_ptr<const guest::Module> module;
  std::unique_ptr<device::Device> device;
  std::shared_ptr<const model::Model> model;
};

}  // namespace driftwood::fuzz
