# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require "connection_pool"

module AuroraDsql
  module Pg
    # The slots of a pool that nobody uses.  The one that was returned last is taken first.  Its errors
    # are those of ConnectionPool, whose place it has.
    #
    # A slot is taken and returned without a lock, since Array#pop and #push are each one step for other
    # threads.  Only a thread that must wait takes the lock.  It announces itself before it looks a last
    # time, and a slot is returned before its thread looks for those that wait, so neither can miss the
    # other.
    #
    # Callers defer interrupts.  Only the wait itself lets them in.
    class SlotStack
      # Interrupts that a wait lets in.
      WHILE_WAITING = { Object => :on_blocking }.freeze

      # Calls the block once for each slot, when it is first needed.
      def initialize(size:, timeout:, &make)
        @timeout = timeout
        @make = make
        @idle = []
        @lock = Mutex.new # guards @left; a thread that waits holds it
        @left = Integer(size) # slots that were not made yet
        @returned = ConditionVariable.new
        @waiting = 0
        @close = nil # after shutdown
        @closed = []
      end

      # Returns a slot that was used before, or nil at once.
      def take
        @idle.pop unless @close
      end

      # Returns a slot.  Raises ConnectionPool::TimeoutError or PoolShuttingDownError.
      def wait
        deadline = monotonic_now + @timeout
        @lock.synchronize do
          @waiting += 1
          begin
            slot = take_or_make
            until slot
              sleep_until(deadline)
              slot = take_or_make
            end
            slot
          ensure
            @waiting -= 1
          end
        end
      end

      # The slots that nobody uses.
      def idle
        @idle + @closed
      end

      # Returns a slot to the stack.
      def put(slot)
        @idle.push(slot)
        return if @waiting.zero? && @close.nil?

        @lock.synchronize { @close ? close_idle : @returned.broadcast }
      end

      # No slot can be taken any more.  Yields each slot, now or when it is returned.
      def shutdown(&close)
        @lock.synchronize do
          @close = close
          @returned.broadcast
          close_idle
        end
      end

      private

      def take_or_make
        raise ConnectionPool::PoolShuttingDownError if @close
        return @idle.pop if @left.zero? || !@idle.empty?

        @left -= 1
        @make.call
      end

      def sleep_until(deadline)
        left = deadline - monotonic_now
        raise ConnectionPool::TimeoutError, "Waited #{@timeout} sec" if left <= 0

        Thread.handle_interrupt(WHILE_WAITING) { @returned.wait(@lock, left) }
      end

      def close_idle
        while (slot = @idle.pop)
          @closed << slot
          @close.call(slot)
        end
      end

      def monotonic_now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
