// Makes the steps of many actors on one thread: calls those guests that have something to do, one
// after the other, then has the device do the runs that they ask for, equal programs together.
// Actors join and leave between steps, and one that prefills runs beside others that decode.
//
// Fairness: in a step each actor is called once. What one asks for can hold up the others by one
// call, which its limit ends, and by one run.
#pragma once

#include <span>
#include <vector>

#include "actor/actor.h"
#include "core/error.h"
#include "device/device.h"

namespace driftwood::actor {

// Lifetime: the device outlives it.
// Threads: that of the device and of the actors.
class Scheduler {
 public:
  explicit Scheduler(device::Device& device) : device_(&device) {}

  // One step of each actor that is ready. An error ends the actor that it belongs to, and no other:
  // where runs fail together, each is tried alone. Afterwards no run is under way. Precondition:
  // the actors are of this device, and none is given twice.
  void step(std::span<Actor* const> actors);

 private:
  // Has the device do the first run that is asked for, and those that can go with it.
  void run_batch();
  void run_alone(std::size_t index);
  // One submission of runs [begin, begin + count) of the batch.
  Result<void> submit_and_wait(std::size_t begin, std::size_t count);
  // Waits for a submission; it ends early when the work of all its actors is to end.
  Result<void> wait(device::Serial serial, std::span<Actor* const> actors);

  device::Device* device_;
  std::vector<Actor*> asking_;  // whose runs are still to be done
  // Of the batch: its actors and what they bound.
  std::vector<Actor*> batch_;
  std::vector<device::Sequence> sequences_;
  std::vector<Actor*> others_;
};

}  // namespace driftwood::actor
