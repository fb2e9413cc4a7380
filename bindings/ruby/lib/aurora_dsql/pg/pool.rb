# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require "connection_pool"

require_relative "fork_guard"

module AuroraDsql
  module Pg
    # Connections for threads to share.  A place of the pool may be empty: its connection is made
    # when it is lent, and made anew when it is too old, broken, or of the process we forked from.
    class Pool
      # A place and its connection, if there is one.
      PooledConnection = Struct.new(:conn, :created_at, :born, :lifetime, :depth, keyword_init: true)

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
        @lock = Mutex.new
        @counters = Hash.new(0)
        start
      end

      def logger
        @config.logger
      end

      # Lends a connection to the block.  With retry_occ (occ_max_retries of the pool) the whole
      # block runs again after a conflict: it should be one transaction, or use #transaction.
      def with(retry_occ: @config.occ_max_retries, &block)
        return checkout_and_execute(&block) unless retry_occ

        unless retry_occ.is_a?(Integer) && retry_occ.positive?
          raise ArgumentError,
                "retry_occ must be false/nil or a positive integer, got #{retry_occ.inspect}. " \
                "Configure occ_max_retries on the pool instead of passing retry_occ: true"
        end
        retrying(retry_occ) { checkout_and_execute(&block) }
      end

      # BEGIN, the block, COMMIT, and all of it again after a conflict, on another connection.
      # A connection lost during COMMIT is a CommitUnknownError, and not tried again.
      def transaction(max_retries: @config.occ_max_retries || OCCRetry::DEFAULT_CONFIG[:max_retries],
                      read_only: false, &block)
        retrying(max_retries) do
          checkout_and_execute { |conn| in_transaction(conn, read_only, &block) }
        end
      end

      # size, open, in_use, idle; acquired, opened, closed, occ_retries, timeouts since the start.
      def stats
        @lock.synchronize do
          open = @places.count(&:conn)
          in_use = @places.count { |place| place.depth.positive? }
          { size: @pool_options[:size], open: open, in_use: in_use, idle: [open - in_use, 0].max,
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
        @lock = Mutex.new # another thread may have held it, which does not exist here
        start
        inherited.each { |place| ForkGuard.abandon(place.conn) if place.conn }
      end

      private

      def start
        @places = []
        @pool = ConnectionPool.new(**@pool_options) { new_place }
      end

      def new_place
        PooledConnection.new(depth: 0).tap { |place| @lock.synchronize { @places << place } }
      end

      def count(name)
        @lock.synchronize { @counters[name] += 1 }
      end

      def retrying(max_retries, &block)
        config = OCCRetry::DEFAULT_CONFIG.merge(max_retries: max_retries)
        OCCRetry.retry_on_occ(config, logger: logger, on_retry: ->(*) { count(:occ_retries) }, &block)
      end

      # A place is lent once a thread: a block inside another gets the same connection.
      def checkout_and_execute(&block)
        lend do |place|
          prepare(place) if place.depth.zero?
          place.depth += 1
          begin
            block.call(place.conn)
          ensure
            place.depth -= 1
            tidy(place) if place.depth.zero?
          end
        end
      end

      def lend(&block)
        served = false
        @pool.with do |place|
          served = true
          count(:acquired)
          block.call(place)
        end
      rescue ConnectionPool::TimeoutError
        count(:timeouts) unless served
        raise
      end

      # Whatever was lent before, the place now has a connection that is fit to use.
      def prepare(place)
        if place.conn && stale?(place)
          logger&.warn(
            "[AuroraDsql::Pg] Discarding stale connection " \
            "(age #{(Time.now - place.created_at).round}s, max_lifetime #{@config.max_lifetime}s)"
          )
          discard(place)
        end
        discard(place) if place.conn && !usable?(place.conn)
        fill(place) unless place.conn
      end

      def fill(place)
        (MAX_STALE_RETRIES + 1).times do
          create_connection(place)
          return unless stale?(place)

          discard(place)
        end
        raise Error, "unable to acquire a non-stale connection after #{MAX_STALE_RETRIES} attempts"
      end

      # By either clock: the monotonic one knows no leap, the other goes on while we are suspended.
      def stale?(place)
        Time.now - place.created_at > @config.max_lifetime || monotonic - place.born > place.lifetime
      end

      # Looks at the socket, without a round trip: has the server hung up, or said that it will?
      def usable?(conn)
        return true unless conn.respond_to?(:transaction_status)
        return false if conn.finished? || conn.status != PG::CONNECTION_OK

        conn.consume_input
        conn.transaction_status == PG::PQTRANS_IDLE && conn.status == PG::CONNECTION_OK
      rescue PG::Error
        false
      end

      # What comes back is outside any transaction, or is closed.
      def tidy(place)
        conn = place.conn
        return if conn.nil? || !conn.respond_to?(:transaction_status)

        if !conn.finished? && conn.status == PG::CONNECTION_OK && in_progress?(conn)
          logger&.warn("[AuroraDsql::Pg] Rolling back a transaction that was left open")
          conn.exec("ROLLBACK")
        end
        discard(place) unless usable?(conn)
      rescue PG::Error
        discard(place)
      end

      def discard(place)
        conn = place.conn
        return unless conn

        place.conn = nil
        count(:closed)
        conn.close
      rescue StandardError
        nil # it was broken anyway
      end

      def create_connection(place)
        place.conn = Connector.connect(@config)
        place.created_at = Time.now
        place.born = monotonic
        place.lifetime = @config.max_lifetime * (1 - (rand * LIFETIME_JITTER))
        count(:opened)
      end

      def in_transaction(conn, read_only)
        raise Error, "there is a transaction on this connection already" if in_progress?(conn)

        conn.exec(read_only ? "BEGIN READ ONLY" : "BEGIN")
        result = yield conn
        commit(conn)
        result
      end

      def in_progress?(conn)
        [PG::PQTRANS_INTRANS, PG::PQTRANS_INERROR].include?(conn.transaction_status)
      end

      # COMMIT of a broken transaction succeeds and rolls back: that is no success here.
      def commit(conn)
        raise Error, "the transaction was ended by its block" unless in_progress?(conn)

        result = conn.exec("COMMIT")
        return unless result.cmd_status == "ROLLBACK"

        raise Error, "the transaction was rolled back: a statement in it had failed"
      rescue PG::Error => e
        raise unless conn.finished? || conn.status != PG::CONNECTION_OK

        raise CommitUnknownError, "connection lost during COMMIT, the transaction may have " \
                                  "happened: #{e.message.strip}"
      end

      def monotonic
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
