# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # Runs one attempt of a transaction on one connection, and determines the outcome of its COMMIT.
    # It does not retry: that is OCCRetry's work.
    module Transaction
      # Seconds.  On a dead network a command of the pool's own, such as ROLLBACK, must not block for
      # longer.
      ROLLBACK_TIMEOUT = 5

      # A COMMIT that fails with one of these SQLSTATEs may have taken effect: connection exceptions
      # (class 08), operator intervention (57P) and statement_completion_unknown (40003).
      OUTCOME_UNKNOWN = /\A(?:08|57P|40003)/

      # Sends BEGIN, yields the connection, and sends COMMIT.  Rolls back if the block does not
      # return normally.  Returns what the block returns.
      def self.run(conn, read_only: false)
        raise Error, "a transaction is already in progress on this connection" if open?(conn)

        is_committed = false
        conn.exec(read_only ? "BEGIN READ ONLY" : "BEGIN")
        result = yield conn
        commit(conn)
        is_committed = true
        result
      ensure
        roll_back(conn) if is_committed == false && usable?(conn) && open?(conn)
      end

      # True inside a transaction block, whether it has failed or not.
      def self.open?(conn)
        [PG::PQTRANS_INTRANS, PG::PQTRANS_INERROR].include?(conn.transaction_status)
      end

      # True unless libpq knows that the connection is closed or broken.
      def self.usable?(conn)
        !conn.finished? && conn.status == PG::CONNECTION_OK
      end

      # Returns false if the rollback failed; then the connection must be closed.
      def self.roll_back(conn)
        run_command(conn, "ROLLBACK")
      end

      # Sends a command of the pool's own.  Returns false if it failed or was not answered in time.
      def self.run_command(conn, sql)
        conn.send_query(sql)
        return false unless conn.block(ROLLBACK_TIMEOUT)

        conn.get_last_result
        true
      rescue PG::Error
        false
      end

      class << self
        private

        # To libpq, the COMMIT of a failed transaction is a success.  Only its command tag,
        # ROLLBACK, shows what happened.
        def commit(conn)
          raise Error, "the connection was closed before COMMIT" if conn.finished?
          unless open?(conn)
            raise Error, "the block sent a COMMIT or ROLLBACK of its own; remove it from the block"
          end

          result = send_commit(conn)
          return unless result.cmd_status == "ROLLBACK"

          raise Error, "COMMIT rolled the transaction back, because a statement in it had failed"
        end

        def send_commit(conn)
          conn.exec("COMMIT")
        rescue PG::Error => e
          raise unless outcome_unknown?(e, conn)

          raise CommitUnknownError, "connection lost during COMMIT; the transaction may have been " \
                                    "committed: #{e.message.strip}"
        end

        def outcome_unknown?(error, conn)
          sqlstate = OCCRetry.sqlstate_of(error)
          sqlstate.nil? || OUTCOME_UNKNOWN.match?(sqlstate) || (!usable?(conn) && sqlstate !~ /\A40/)
        end
      end
    end
  end
end
