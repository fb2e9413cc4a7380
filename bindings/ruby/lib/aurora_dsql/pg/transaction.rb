# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # BEGIN, a block, COMMIT, once, on one connection; and what a COMMIT really came to.
    module Transaction
      # However dead the network is, a ROLLBACK takes no longer.
      PATIENCE = 5

      # The outcome of a COMMIT that ends like this is not known: connection errors, an
      # administrator's shutdown, and the server's own word for it.
      UNKNOWN = /\A(?:08|57P|40003)/

      def self.run(conn, read_only: false)
        raise Error, "there is a transaction on this connection already" if open?(conn)

        is_over = false
        conn.exec(read_only ? "BEGIN READ ONLY" : "BEGIN")
        result = yield conn
        commit(conn)
        is_over = true
        result
      ensure
        roll_back(conn) if is_over == false && usable?(conn) && open?(conn)
      end

      def self.open?(conn)
        [PG::PQTRANS_INTRANS, PG::PQTRANS_INERROR].include?(conn.transaction_status)
      end

      # The server is not known to be gone.
      def self.usable?(conn)
        !conn.finished? && conn.status == PG::CONNECTION_OK
      end

      # False: it did not work, and the connection is good for nothing.
      def self.roll_back(conn)
        conn.send_query("ROLLBACK")
        return false unless conn.block(PATIENCE)

        conn.get_last_result
        true
      rescue PG::Error
        false
      end

      class << self
        private

        # COMMIT of a broken transaction succeeds and rolls back: that is no success here.
        def commit(conn)
          raise Error, "the connection was closed before COMMIT" if conn.finished?
          raise Error, "the transaction was ended by its block" unless open?(conn)

          result = send_commit(conn)
          return unless result.cmd_status == "ROLLBACK"

          raise Error, "the transaction was rolled back: a statement in it had failed"
        end

        def send_commit(conn)
          conn.exec("COMMIT")
        rescue PG::Error => e
          raise unless unknown?(e, conn)

          raise CommitUnknownError, "connection lost during COMMIT, the transaction may have " \
                                    "happened: #{e.message.strip}"
        end

        def unknown?(error, conn)
          sqlstate = OCCRetry.sqlstate_of(error)
          sqlstate.nil? || UNKNOWN.match?(sqlstate) || (!usable?(conn) && sqlstate !~ /\A40/)
        end
      end
    end
  end
end
