// The records that an actor's guest wrote and nobody has taken yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace driftwood::actor {

class OutputQueue {
 public:
  // Positions count the records of an actor's whole life, from 0.
  std::uint64_t first_position() const { return first_position_; }
  const std::deque<std::string>& records() const { return records_; }
  std::uint64_t waiting_bytes() const { return waiting_bytes_; }

  void push(std::string_view record) {
    records_.emplace_back(record);
    waiting_bytes_ += record.size();
  }

  // Counts a record that was taken as it was written. Precondition: none waits.
  void pass() { ++first_position_; }

  // Takes the oldest record. Precondition: there is one.
  std::string pop() {
    std::string record = std::move(records_.front());
    records_.pop_front();
    waiting_bytes_ -= record.size();
    ++first_position_;
    return record;
  }

  // The queue of an actor that was saved.
  static OutputQueue restore(std::uint64_t first_position, std::vector<std::string> records) {
    OutputQueue queue;
    for (const std::string& record : records) queue.push(record);
    queue.first_position_ = first_position;
    return queue;
  }

 private:
  std::deque<std::string> records_;
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t first_position_ = 0;
};

}  // namespace driftwood::actor
