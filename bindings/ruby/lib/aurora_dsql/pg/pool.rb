# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "baseline"
require_relative "fork_guard"
require_relative "slot_stack"
require_relative "statistics"
require_relative "transaction"

module AuroraDsql
  module Pg
    # A pool of connections that threads share.  It has a fixed number of slots, and a slot may be
    # empty.  Its connection is opened when the slot is checked out, and replaced when it is too old,
    # broken, or inherited from a parent process.
    #
    # Thread#kill and Timeout can strike at any moment.  They take effect while a block runs, while a
    # connection is opened and while a thread waits for a slot.  The rest runs with interrupts
    # deferred, so that no slot is lost between its checkout and its checkin.
    class Pool
      # A connection and its creation time by both clocks: created_at is wall-clock time, opened_at
      # monotonic seconds.  lifetime is in seconds.  baseline is a Baseline or nil.  has_state and
      # has_pipelines tell what the connection can be asked.
      PooledConnection = Struct.new(:conn, :created_at, :opened_at, :lifetime, :baseline, :has_state, :has_pipelines,
                                    keyword_init: true)

      # A slot of the pool: a connection or nil, and how often it was taken without waiting for
      # anything.  Only the thread that uses a slot changes it.
      Slot = Struct.new(:pooled, :taken_at_once) do
        # The PG::Connection, or nil.
        def conn
          pooled&.conn
        end
      end

      # The number of slots, and the seconds to wait for a free one.
      POOL_DEFAULTS = { size: 5, timeout: 5 }.freeze

      # How often a new connection may turn out to be too old already.
      MAX_STALE_RETRIES = 10

      # Interrupts between a checkout and its checkin, and in the block between them.
      DEFERRED = { Object => :never }.freeze
      ALLOWED = { Object => :immediate }.freeze

      # The fraction of max_lifetime that is random, so that connections do not all expire at once.
      LIFETIME_JITTER = 0.1

      # Returns a new Pool.  config is a connection String, a Config or a Hash; keywords take
      # precedence over it.
      def self.create(config = nil, pool: {}, **options)
        new(Config.from(config, **options).resolve, pool)
      end

      # Takes a ResolvedConfig and the options of ConnectionPool; see .create.
      def initialize(resolved_config, pool_options = {})
        @config = resolved_config
        @pool_options = POOL_DEFAULTS.merge(pool_options.to_h.transform_keys(&:to_sym))
        @slot_key = :"aurora_dsql_pool_#{object_id}"
        start
      end

      # The Logger that receives warnings, or nil.
      def logger
        @config.logger
      end

      # The name that tokens are signed for.
      def signed_host
        @config&.signed_host
      end

      # Yields a connection and returns the block's result.  With retry_occ (by default the pool's
      # occ_max_retries), the whole block runs again after a conflict; it should then be exactly one
      # transaction.  A nested call in the same thread yields the same connection and does not retry,
      # since only the outer block can repeat the transaction.
      def with(retry_occ: @config.occ_max_retries, &block)
        return checkout_and_execute(&block) unless retry_occ

        unless retry_occ.is_a?(Integer) && retry_occ.positive?
          raise ArgumentError,
                "retry_occ must be false/nil or a positive integer, got #{retry_occ.inspect}. " \
                "Configure occ_max_retries on the pool instead of passing retry_occ: true"
        end
        return checkout_and_execute(&block) if Thread.current[@slot_key]

        with_occ_retry(retry_occ) { checkout_and_execute(&block) }
      end

      # Runs the block in a transaction, and repeats the transaction after a conflict, on a connection
      # that is checked out anew.  Raises CommitUnknownError, without a retry, if the connection is
      # lost during COMMIT.
      def transaction(max_retries: @config.occ_max_retries || OCCRetry::DEFAULT_CONFIG[:max_retries],
                      read_only: false, &block)
        unless max_retries.is_a?(Integer) && !max_retries.negative?
          raise ArgumentError, "max_retries must be 0 or a positive integer, got #{max_retries.inspect}"
        end

        with_occ_retry(max_retries) do
          checkout_and_execute { |conn| Transaction.run(conn, read_only: read_only, &block) }
        end
      end

      # Returns a Hash with the current size, open, in_use and idle, and with the totals of Statistics,
      # which count since the pool was created, or since the process was forked.
      def stats
        current = @lock.synchronize do
          idle = @stack.idle
          { size: @pool_options[:size], open: @slots.count(&:conn),
            in_use: @slots.size - idle.size, idle: idle.count(&:conn) }
        end
        current.merge(@statistics.to_h(at_once: @lock.synchronize { @slots.sum(&:taken_at_once) }))
      end

      # Closes all connections.  One that is in use is closed when it is returned.
      def shutdown
        Thread.handle_interrupt(DEFERRED) { @stack.shutdown { |slot| discard(slot) } }
      end

      # ForkGuard calls this in a child process: drops the parent's connections and starts empty.
      def reset_after_fork
        inherited = @slots
        return unless inherited # another thread was in the middle of Pool.new

        start
        inherited.each { |slot| ForkGuard.abandon(slot.conn) if slot.conn }
      end

      private

      # In a child the lock is made anew too: a thread that does not exist there may have held it.
      def start
        @lock = Mutex.new # guards @slots
        @statistics = Statistics.new
        @stack = SlotStack.new(size: @pool_options[:size], timeout: @pool_options[:timeout]) { new_slot }
        @slots = []
      end

      def new_slot
        Slot.new(nil, 0).tap { |slot| @lock.synchronize { @slots << slot } }
      end

      def count(name)
        @statistics.count(name)
      end

      def with_occ_retry(max_retries, &block)
        config = OCCRetry::DEFAULT_CONFIG.merge(max_retries: max_retries)
        OCCRetry.retry_on_occ(config, logger: logger,
                                      on_retry: ->(error, _) { @statistics.count_retry(OCCRetry.kind_of(error)) },
                                      on_give_up: -> { count(:retries_given_up) }, &block)
      end

      # A nested call yields the connection that the outermost one has prepared and will reset.
      def checkout_and_execute(&block)
        slot = Thread.current[@slot_key]
        return Thread.handle_interrupt(ALLOWED) { block.call(slot.conn) } if slot

        Thread.handle_interrupt(DEFERRED) { execute_in_slot(&block) }
      end

      # Interrupts are deferred from the checkout to the checkin, except where the block allows them.
      def execute_in_slot
        stack = @stack # a fork inside the block replaces @stack in the child
        slot = stack.take
        started_at = slot && ready?(slot) ? nil : monotonic_now
        slot ||= wait_for_slot(stack)
        Thread.current[@slot_key] = slot
        begin
          Thread.handle_interrupt(ALLOWED) do
            started_at ? prepare(slot, started_at) : slot.taken_at_once += 1
            yield slot.pooled.conn
          end
        ensure
          Thread.current[@slot_key] = nil
          reset(slot)
          stack.put(slot)
        end
      end

      def wait_for_slot(stack)
        stack.wait
      rescue ConnectionPool::TimeoutError
        count(:timeouts)
        raise
      end

      def prepare(slot, started_at)
        count(:acquired)
        make_ready(slot)
        @statistics.note_wait(monotonic_now - started_at)
      end

      # Whether the slot has a connection that can be used as it is.
      def ready?(slot)
        pooled = slot.pooled
        return false if pooled.nil? || stale?(pooled) || !usable?(pooled)

        pooled.baseline.nil? || pooled.baseline.holds?(pooled.conn)
      end

      # Ensures that the slot has a usable connection, whatever its previous user left in it.
      def make_ready(slot)
        if slot.pooled && stale?(slot.pooled)
          logger&.warn(
            "[AuroraDsql::Pg] Discarding stale connection " \
            "(age #{(Time.now - slot.pooled.created_at).round}s, max_lifetime #{@config.max_lifetime}s)"
          )
          discard(slot)
        end
        if slot.pooled && !usable?(slot.pooled)
          count(:validations_failed)
          discard(slot)
        end
        reset_session(slot) if slot.pooled
        open_connection(slot) unless slot.pooled
      end

      # Undoes what the previous user has set or prepared.  It happens at the checkout and not before,
      # so that on_connect can be interrupted, and so that its errors reach a caller.
      def reset_session(slot)
        baseline = slot.pooled.baseline
        return if baseline.nil? || baseline.holds?(slot.conn)
        if Transaction.run_command(slot.conn, Baseline::RESET)
          count(:resets)
          return run_on_connect(slot)
        end
        logger&.warn("[AuroraDsql::Pg] Closing a connection whose session could not be reset")
        discard(slot)
      end

      # The slot owns the connection before on_connect is called, so that a fork finds it there.
      def open_connection(slot)
        (MAX_STALE_RETRIES + 1).times do
          slot.pooled = create_connection
          Baseline.watch(slot.conn)
          count(:opened)
          return run_on_connect(slot) unless stale?(slot.pooled)

          discard(slot)
        end
        raise Error, "unable to acquire a non-stale connection after #{MAX_STALE_RETRIES} attempts"
      end

      def run_on_connect(slot)
        is_ready = false
        @config.on_connect&.call(slot.conn)
        slot.pooled.baseline = Baseline.of(slot.conn)
        is_ready = true
      ensure
        discard(slot) unless is_ready
      end

      # Both clocks count.  The monotonic clock is immune to adjustments; the wall clock also advances
      # while the machine is suspended.
      def stale?(pooled)
        Time.now - pooled.created_at > @config.max_lifetime ||
          Process.clock_gettime(Process::CLOCK_MONOTONIC) - pooled.opened_at > pooled.lifetime
      end

      # Checks a connection that was at rest when it was returned, without a round trip: data or an end
      # of file that waits on the socket means that the server has closed the connection or is about to.
      def usable?(pooled)
        return true unless pooled.has_state

        conn = pooled.conn
        # Twice, since the first call may only read the server's last message, and the second then
        # meets the end of file.
        conn.consume_input
        conn.consume_input
        conn.transaction_status == PG::PQTRANS_IDLE && conn.status == PG::CONNECTION_OK
      rescue PG::Error
        false
      end

      # What libpq knows without looking at the socket.
      def at_rest?(pooled)
        conn = pooled.conn
        !conn.finished? && conn.transaction_status == PG::PQTRANS_IDLE && conn.status == PG::CONNECTION_OK &&
          !(pooled.has_pipelines && conn.pipeline_status != PG::PQ_PIPELINE_OFF)
      end

      # A connection that is returned is outside any transaction, or it is closed.  The state of
      # PG::Connection is put back first: a notice receiver of the block must not see what follows.
      def reset(slot)
        pooled = slot.pooled
        return if pooled.nil? || !pooled.has_state

        pooled.baseline.restore(pooled.conn) if pooled.baseline && !pooled.conn.finished?
        return if at_rest?(pooled)

        roll_back(pooled.conn)
        discard(slot) unless at_rest?(pooled)
      rescue PG::Error
        discard(slot)
      end

      def roll_back(conn)
        return unless Transaction.usable?(conn) && Transaction.open?(conn)

        logger&.warn("[AuroraDsql::Pg] Rolling back a transaction that was left open")
        Transaction.roll_back(conn)
      end

      def discard(slot)
        conn = slot.conn
        return unless conn

        slot.pooled = nil
        count(:closed)
        conn.close
      rescue StandardError
        nil # a connection that cannot be closed properly was broken already
      end

      def create_connection
        conn = open_counted
        PooledConnection.new(
          conn: conn, created_at: Time.now, opened_at: Process.clock_gettime(Process::CLOCK_MONOTONIC),
          has_state: conn.respond_to?(:transaction_status), has_pipelines: conn.respond_to?(:pipeline_status),
          lifetime: @config.max_lifetime * (1 - (rand * LIFETIME_JITTER))
        )
      end

      def open_counted
        is_open = false
        conn = Connector.open(@config, on_token: -> { count(:tokens) })
        is_open = true
        conn
      ensure
        count(:connects_failed) unless is_open
      end

      def monotonic_now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
