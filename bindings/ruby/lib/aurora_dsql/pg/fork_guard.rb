# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # After a fork the child must not touch the parent's connections: even closing one politely
    # says goodbye in the parent's name.  Pools register here, and forget theirs in the child.
    module ForkGuard
      @pools = ObjectSpace::WeakMap.new

      def self.watch(pool)
        @pools[pool] = true
      end

      # In the child, right after the fork.
      def self.forked
        @pools.keys.each(&:forget_inherited)
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
