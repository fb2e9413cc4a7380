# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # After a fork the child must not touch the parent's connections: even closing one politely
    # says goodbye in the parent's name, and the end of the process would do that.
    module ForkGuard
      # In the child, right after the fork.  Pools are looked for rather than registered: a list
      # would keep them alive, and Ruby 3.1's WeakMap can give back what took a dead one's place.
      def self.forked
        pools = ObjectSpace.each_object(Pool).to_a
        return if pools.empty?

        pools.each(&:forget_inherited)
        abandon_unfinished(pools.filter_map(&:signed_host))
      end

      # Those that other threads were about to open; the threads are not here to go on.
      def self.abandon_unfinished(hosts)
        ObjectSpace.each_object(PG::Connection).to_a.each do |conn|
          next if conn.finished? || conn.status == PG::CONNECTION_OK

          abandon(conn) if hosts.include?(conn.host)
        rescue StandardError
          next # one that is not even begun
        end
      end

      # Takes a connection's socket away from this process without a word to the server.
      def self.abandon(conn)
        conn.socket_io.reopen(File.open(File::NULL, "r+"))
        conn.close
      rescue StandardError
        nil # closed already, or no real connection
      end

      # Process._fork is where every kind of fork passes (Ruby 3.1).
      module Hook
        def _fork
          super.tap { |pid| ForkGuard.forked if pid.zero? }
        end
      end
      Process.singleton_class.prepend(Hook)
    end
  end
end
