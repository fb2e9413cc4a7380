# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require "connection_pool"

require_relative "fork_guard"
require_relative "transaction"

module AuroraDsql
  module Pg
    # Connections for threads to share.  A place of the pool may be empty: its connection is made
    # when it is lent, and made anew when it is too old, broken, or of the process we forked from.
    #
    # Thread#kill and Timeout may come at any moment.  They are let in while a block runs, while
    # a connection is made and while a place is waited for, and kept out of the bookkeeping.
    class Pool
      # A connection, and how old it is by either clock.
      PooledConnection = Struct.new(:conn, :created_at, :born, :lifetime, keyword_init: true)

      # What is lent: a connection, or room for one, and how many blocks inside each other have it.
      Place = Struct.new(:pooled, :depth) do
        def conn
          pooled&.conn
        end
      end

      POOL_DEFAULTS = { size: 5, timeout: 5 }.freeze

      # How often a connection that was made just now may be too old already.
      MAX_STALE_RETRIES = 10

      # This part of max_lifetime is chance, so that not all connections end at once.
      LIFETIME_JITTER = 0.1

      # From a connection String, a Config, a Hash or keywords.
      def self.create(config = nil, pool: {}, **options)
        new(Config.from(config, **options).resolve, pool)
      end

      def initialize(resolved_config, pool_options = {})
        @config = resolved_config
        @pool_options = POOL_DEFAULTS.merge(pool_options.to_h.transform_keys(&:to_sym))
        @counters = Hash.new(0)
        @held_here = :"aurora_dsql_pool_#{object_id}"
        start
      end

      def logger
        @config.logger
      end

      # The name that tokens are signed for.
      def signed_host
        @config&.signed_host
      end

      # Lends a connection to the block.  With retry_occ (occ_max_retries of the pool) the whole
      # block runs again after a conflict: it should be one transaction, or use #transaction.
      # Inside another block of the same thread it does not: that is for the outer one to do.
      def with(retry_occ: @config.occ_max_retries, &block)
        return checkout_and_execute(&block) unless retry_occ

        unless retry_occ.is_a?(Integer) && retry_occ.positive?
          raise ArgumentError,
                "retry_occ must be false/nil or a positive integer, got #{retry_occ.inspect}. " \
                "Configure occ_max_retries on the pool instead of passing retry_occ: true"
        end
        return checkout_and_execute(&block) if Thread.current[@held_here]

        retrying(retry_occ) { checkout_and_execute(&block) }
      end

      # BEGIN, the block, COMMIT, and all of it again after a conflict, on a connection lent anew.
      # A connection lost during COMMIT is a CommitUnknownError, and not tried again.
      def transaction(max_retries: @config.occ_max_retries || OCCRetry::DEFAULT_CONFIG[:max_retries],
                      read_only: false, &block)
        unless max_retries.is_a?(Integer) && !max_retries.negative?
          raise ArgumentError, "max_retries must be 0 or a positive integer, got #{max_retries.inspect}"
        end

        retrying(max_retries) do
          checkout_and_execute { |conn| Transaction.run(conn, read_only: read_only, &block) }
        end
      end

      # size, open, in_use, idle; acquired, opened, closed, occ_retries, timeouts since the start.
      def stats
        @lock.synchronize do
          open = @places.count(&:conn)
          in_use = @places.count { |place| place.depth.positive? }
          { size: @pool_options[:size], open: open, in_use: in_use,
            idle: @places.count { |place| place.conn && place.depth.zero? },
            acquired: @counters[:acquired], opened: @counters[:opened], closed: @counters[:closed],
            occ_retries: @counters[:occ_retries], timeouts: @counters[:timeouts] }
        end
      end

      # Closes all connections, those lent when they come back.
      def shutdown
        @pool.shutdown { |place| discard(place) }
      end

      # For ForkGuard: drops what belongs to the parent, and starts anew.
      def forget_inherited
        inherited = @places
        return unless inherited # another thread was about to make this pool

        start
        inherited.each { |place| ForkGuard.abandon(place.conn) if place.conn }
      end

      private

      # Also in a child, where another thread may have held the lock and does not exist.
      def start
        @lock = Mutex.new
        @pool = ConnectionPool.new(auto_reload_after_fork: false, **@pool_options) { new_place }
        @places = []
      end

      def new_place
        Place.new(nil, 0).tap { |place| @lock.synchronize { @places << place } }
      end

      def count(name)
        @lock.synchronize { @counters[name] += 1 }
      end

      def retrying(max_retries, &block)
        config = OCCRetry::DEFAULT_CONFIG.merge(max_retries: max_retries)
        OCCRetry.retry_on_occ(config, logger: logger, on_retry: ->(*) { count(:occ_retries) }, &block)
      end

      # A place is lent once to a thread: a block inside another gets the same connection.
      def checkout_and_execute(&block)
        lend do |place|
          is_outermost = place.depth.zero?
          enter(place)
          begin
            Thread.handle_interrupt(Object => :immediate) do
              prepare(place) if is_outermost
              block.call(place.conn)
            end
          ensure
            leave(place)
          end
        end
      end

      # No interrupt comes between a checkout and its checkin but where the block lets it in.
      # (ConnectionPool#with keeps out exceptions, and not Thread#kill.)
      def lend
        Thread.handle_interrupt(Object => :never) do
          pool = @pool # in the child of a fork within the block @pool is another one
          place = check_out(pool)
          begin
            yield place
          ensure
            pool.checkin
          end
        end
      end

      def check_out(pool)
        place = Thread.handle_interrupt(Object => :on_blocking) { pool.checkout }
        count(:acquired)
        place
      rescue ConnectionPool::TimeoutError
        count(:timeouts)
        raise
      end

      def enter(place)
        place.depth += 1
        Thread.current[@held_here] = true
      end

      def leave(place)
        place.depth -= 1
        return unless place.depth.zero?

        Thread.current[@held_here] = nil
        tidy(place)
      end

      # Whatever was lent before, the place now has a connection that is fit to use.
      def prepare(place)
        if place.pooled && stale?(place.pooled)
          logger&.warn(
            "[AuroraDsql::Pg] Discarding stale connection " \
            "(age #{(Time.now - place.pooled.created_at).round}s, max_lifetime #{@config.max_lifetime}s)"
          )
          discard(place)
        end
        discard(place) if place.pooled && !usable?(place.conn)
        fill(place) unless place.pooled
      end

      # The place has the connection before on_connect hears of it: a fork finds it there.
      def fill(place)
        (MAX_STALE_RETRIES + 1).times do
          place.pooled = create_connection
          count(:opened)
          return welcome(place) unless stale?(place.pooled)

          discard(place)
        end
        raise Error, "unable to acquire a non-stale connection after #{MAX_STALE_RETRIES} attempts"
      end

      def welcome(place)
        return unless @config.on_connect

        is_ready = false
        @config.on_connect.call(place.conn)
        is_ready = true
      ensure
        discard(place) if is_ready == false
      end

      # By either clock: the monotonic one knows no leap, the other goes on while we are suspended.
      def stale?(pooled)
        Time.now - pooled.created_at > @config.max_lifetime || monotonic - pooled.born > pooled.lifetime
      end

      # Looks at the socket, without a round trip: has the server hung up, or said that it will?
      def usable?(conn)
        return true unless conn.respond_to?(:transaction_status)
        return false unless Transaction.usable?(conn) && !pipeline?(conn)

        # Twice: the first reads the server's last words, the second that nothing follows.
        2.times { conn.consume_input }
        conn.transaction_status == PG::PQTRANS_IDLE && conn.status == PG::CONNECTION_OK
      rescue PG::Error
        false
      end

      def pipeline?(conn)
        conn.respond_to?(:pipeline_status) && conn.pipeline_status != PG::PQ_PIPELINE_OFF
      end

      # What comes back is outside any transaction, or is closed.
      def tidy(place)
        conn = place.conn
        return if conn.nil? || !conn.respond_to?(:transaction_status)

        if Transaction.usable?(conn) && Transaction.open?(conn)
          logger&.warn("[AuroraDsql::Pg] Rolling back a transaction that was left open")
          Transaction.roll_back(conn)
        end
        discard(place) unless usable?(conn)
      rescue PG::Error
        discard(place)
      end

      def discard(place)
        conn = place.conn
        return unless conn

        place.pooled = nil
        count(:closed)
        conn.close
      rescue StandardError
        nil # it was broken anyway
      end

      def create_connection
        conn = Connector.open(@config)
        PooledConnection.new(
          conn: conn, created_at: Time.now, born: monotonic,
          lifetime: @config.max_lifetime * (1 - (rand * LIFETIME_JITTER))
        )
      end

      def monotonic
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
