# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

# A minimal Fiber scheduler, just enough for a pool: it waits for sockets, sleeps, and resumes fibers
# that other threads have unblocked.
class TinyScheduler
  # Runs the block in a fiber of its own thread until all fibers have ended.
  def self.run(&work)
    Thread.new do
      Fiber.set_scheduler(new)
      outcome = nil
      Fiber.schedule do
        outcome = [:value, work.call]
      rescue StandardError => e
        outcome = [:error, e]
      end
      Fiber.scheduler.run
      raise outcome[1] if outcome[0] == :error

      outcome[1]
    end.tap { |thread| thread.report_on_exception = false }.value
  end

  # Runs the block in a fiber.  Returns how often another fiber, which sleeps 10 ms each time, was
  # resumed meanwhile.
  def self.ticks_during
    ticks = 0
    run do
      is_over = false
      Fiber.schedule { (ticks += 1; sleep 0.01) until is_over }
      begin
        yield
      ensure
        is_over = true
      end
    end
    ticks
  end

  def initialize
    @readable = {}
    @writable = {}
    @sleeping = {}
    @blocked = {}
    @woken = []
    @lock = Thread::Mutex.new
    @wake_reader, @wake_writer = IO.pipe
  end

  def run
    turn until idle?
  end

  def close
    run
  end

  def idle?
    @lock.synchronize { @woken.empty? } && [@readable, @writable, @sleeping, @blocked].all?(&:empty?)
  end

  def io_wait(io, events, timeout)
    fiber = Fiber.current
    @readable[fiber] = io if events.anybits?(IO::READABLE)
    @writable[fiber] = io if events.anybits?(IO::WRITABLE)
    @sleeping[fiber] = now + timeout if timeout
    Fiber.yield
  ensure
    forget(fiber)
  end

  def kernel_sleep(duration = nil)
    block(:sleep, duration)
    true
  end

  def block(_blocker, timeout = nil)
    fiber = Fiber.current
    @blocked[fiber] = true
    @sleeping[fiber] = now + timeout if timeout
    Fiber.yield
  ensure
    forget(fiber)
  end

  # May be called by any thread.
  def unblock(_blocker, fiber)
    @lock.synchronize { @woken << fiber }
    @wake_writer.write_nonblock(".")
  end

  def fiber(&block)
    Fiber.new(blocking: false, &block).tap(&:resume)
  end

  private

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def forget(fiber)
    [@readable, @writable, @sleeping, @blocked].each { |waiting| waiting.delete(fiber) }
  end

  def turn
    readable, writable = IO.select([@wake_reader, *@readable.values], @writable.values, [], select_timeout)
    @wake_reader.read_nonblock(100, exception: false) if readable&.include?(@wake_reader)
    ready = {}
    add_ready(ready, @readable, readable, IO::READABLE)
    add_ready(ready, @writable, writable, IO::WRITABLE)
    woken = @lock.synchronize { @woken.slice!(0..) }
    woken.each { |fiber| ready[fiber] ||= true }
    @sleeping.select { |_, at| at <= now }.each_key { |fiber| ready[fiber] ||= false }
    ready.each { |fiber, result| fiber.resume(result) if fiber.alive? }
  end

  def add_ready(ready, waiting, ios, event)
    waiting.each { |fiber, io| ready[fiber] = (ready[fiber] || 0) | event if ios&.include?(io) }
  end

  def select_timeout
    return 0 unless @lock.synchronize { @woken.empty? }

    soonest = @sleeping.values.min
    soonest && [soonest - now, 0].max
  end
end
