# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # Keeps a forked child away from its parent's connections.  libpq sends a Terminate message
    # when a connection is closed, and Ruby closes connections when the process exits.  On an
    # inherited socket that message would end the parent's session.
    module ForkGuard
      # Runs in the child, right after the fork.  Pools are found with ObjectSpace because a list of
      # them would keep them alive, and because Ruby 3.1's WeakMap can return an unrelated object
      # that reuses a collected pool's address.
      def self.after_fork
        pools = ObjectSpace.each_object(Pool).to_a
        return if pools.empty?

        pools.each(&:reset_after_fork)
        abandon_unfinished(pools.filter_map(&:signed_host))
      end

      # Abandons the connections that other threads of the parent were opening.  No pool knows them
      # yet, and those threads do not exist in the child.
      def self.abandon_unfinished(hosts)
        ObjectSpace.each_object(PG::Connection).to_a.each do |conn|
          next if conn.finished? || conn.status == PG::CONNECTION_OK

          abandon(conn) if hosts.include?(conn.host)
        rescue StandardError
          next # allocated, but PG.connect has not initialized it
        end
      end

      # Closes a connection in this process without a message to the server: its socket is replaced
      # by /dev/null first.
      def self.abandon(conn)
        conn.socket_io.reopen(File.open(File::NULL, "r+"))
        conn.close
      rescue StandardError
        nil # it is closed already, or a test's double
      end

      # Every way to fork calls Process._fork (since Ruby 3.1).
      module Hook
        # Returns the child's pid in the parent and 0 in the child, as fork(2) does.
        def _fork
          super.tap { |pid| ForkGuard.after_fork if pid.zero? }
        end
      end
      Process.singleton_class.prepend(Hook)
    end
  end
end
