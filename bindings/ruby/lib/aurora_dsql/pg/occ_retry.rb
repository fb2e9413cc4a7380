# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require "pg"

module AuroraDsql
  module Pg
    # Retries transactions that failed because of an optimistic concurrency control (OCC) conflict.
    module OCCRetry
      # The code in the message of a conflict over data.
      ERROR_CODE_MUTATION = "OC000"
      # The code in the message of a conflict with a schema change.
      ERROR_CODE_SCHEMA = "OC001"
      # The SQLSTATE of both kinds of conflict.
      SQLSTATE_SERIALIZATION_FAILURE = "40001"

      # Waits are in seconds.  Up to a quarter of each wait is added at random.
      DEFAULT_CONFIG = {
        max_retries: 3,
        initial_wait: 0.1,
        max_wait: 5.0,
        multiplier: 2.0
      }.freeze

      # The code must be a whole word: "SKU DOC0001" is not a conflict.
      CODE_IN_MESSAGE = /\b(?:#{ERROR_CODE_MUTATION}|#{ERROR_CODE_SCHEMA})\b/

      # How many levels of an error's causes are searched.
      MAX_CAUSES = 16

      # True if the error, or one of its causes, is an OCC conflict.
      def self.occ_error?(error)
        !conflict_in(error).nil?
      end

      # Returns :data (OC000), :schema (OC001) or :other for a conflict, and nil for another error.
      def self.kind_of(error)
        conflict = conflict_in(error)
        return nil if conflict.nil?

        state = sqlstate_of(conflict) || SQLSTATE_SERIALIZATION_FAILURE
        Native.occ(state, conflict.message.to_s.delete("\0"))
      end

      # Runs the block, and repeats it after a conflict, with growing waits.  on_retry is called with
      # the error and the number of the retry, and on_give_up before Error is raised, when max_retries is
      # exceeded.
      def self.retry_on_occ(config = DEFAULT_CONFIG, logger: nil, on_retry: nil, on_give_up: nil)
        wait = config[:initial_wait]
        retries = config[:max_retries]
        attempt = 0
        begin
          yield
        rescue CommitUnknownError
          raise
        rescue StandardError => e
          raise unless occ_error?(e)

          if attempt >= retries
            on_give_up&.call
            give_up(e, retries)
          end
          attempt += 1
          on_retry&.call(e, attempt)
          pause(wait, attempt, retries, logger)
          wait = [wait * config[:multiplier], config[:max_wait]].min
          retry
        end
      end

      # Runs the block in a transaction on a connection of the pool.  After a conflict it runs again,
      # in a new transaction and possibly on another connection.
      def self.with_retry(pool, config = {}, &block)
        retry_on_occ(DEFAULT_CONFIG.merge(config), logger: logger_of(pool)) do
          pool.with(retry_occ: false) { |conn| in_transaction(conn, &block) }
        end
      end

      # Runs one DDL or DML statement without an explicit transaction, and repeats it after a conflict.
      def self.exec_with_retry(pool, sql, params = nil, max_retries: 3)
        retry_on_occ(DEFAULT_CONFIG.merge(max_retries: max_retries), logger: logger_of(pool)) do
          pool.with(retry_occ: false) do |conn|
            params ? conn.exec_params(sql, params) : conn.exec(sql)
          end
        end
      end

      # Returns the SQLSTATE of an error, or nil if the error did not come from the server.
      def self.sqlstate_of(error)
        return nil unless error.respond_to?(:result) && error.result.respond_to?(:error_field)

        error.result.error_field(PG::Result::PG_DIAG_SQLSTATE)
      end

      class << self
        private

        # PG::Connection#transaction does not notice a COMMIT that rolled back, so it serves only
        # objects that are not real connections.
        def in_transaction(conn, &block)
          return conn.transaction { block.call(conn) } unless conn.respond_to?(:transaction_status)

          Transaction.run(conn, &block)
        end

        # Returns the first conflict among the error and its causes, or nil.
        def conflict_in(error)
          MAX_CAUSES.times do
            return nil if error.nil?
            return error if conflict?(error)

            error = error.respond_to?(:cause) ? error.cause : nil
          end
          nil
        end

        # The SQLSTATE decides.  The message is searched only if there is no SQLSTATE.
        def conflict?(error)
          sqlstate = sqlstate_of(error)
          return !Native.occ(sqlstate, error.message.to_s.delete("\0")).nil? if sqlstate

          CODE_IN_MESSAGE.match?(error.message.to_s)
        end

        def logger_of(pool)
          pool.respond_to?(:logger) ? pool.logger : nil
        end

        def pause(wait, attempt, retries, logger)
          jittered = wait + (rand * wait / 4)
          logger&.warn(
            "[AuroraDsql::Pg] OCC conflict detected, retrying " \
            "(attempt #{attempt}/#{retries}, wait #{jittered.round(2)}s)"
          )
          OCCRetry.sleep(jittered)
        end

        # Called while the conflict is being rescued, so that Ruby sets it as the cause.
        def give_up(error, retries)
          raise Error, "Max retries (#{retries}) exceeded, last error: #{error.message}"
        end
      end

      # A method of its own so that tests can replace the waiting.
      def self.sleep(seconds)
        Kernel.sleep(seconds)
      end
    end
  end
end
