# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # What a pool counts.  The names are those of dsql_pool_stats in libdsql.  Threads may share it.
    class Statistics
      # The totals, in the order of Pool#stats.
      NAMES = %i[
        acquired timeouts opened closed connects_failed tokens validations_failed resets
        occ_retries retries_oc000 retries_oc001 retries_other retries_given_up
      ].freeze

      # The name of a retry, by the kind of conflict that OCCRetry.kind_of returns.
      RETRIES = { data: :retries_oc000, schema: :retries_oc001, other: :retries_other }.freeze

      # The upper bounds of the histogram of wait times, in milliseconds.
      WAIT_BOUNDS_MS = [1, 5, 10, 50, 100, 500, 1000, 5000, Float::INFINITY].freeze

      def initialize
        @lock = Mutex.new
        @totals = NAMES.to_h { |name| [name, 0] }
        @waits = WAIT_BOUNDS_MS.to_h { |bound| [bound, 0] }
        @wait_total_ms = 0.0
      end

      def count(name)
        @lock.synchronize { @totals[name] += 1 }
      end

      def count_retry(kind)
        @lock.synchronize do
          @totals[:occ_retries] += 1
          @totals[RETRIES.fetch(kind)] += 1
        end
      end

      # Notes how long a caller has waited for a connection.
      def note_wait(seconds)
        milliseconds = seconds * 1000
        @lock.synchronize do
          @waits[WAIT_BOUNDS_MS.find { |bound| milliseconds <= bound }] += 1
          @wait_total_ms += milliseconds
        end
      end

      # at_once: connections that were acquired without a wait, which are counted elsewhere.
      def to_h(at_once: 0)
        @lock.synchronize do
          shortest = WAIT_BOUNDS_MS.first
          @totals.merge(acquired: @totals[:acquired] + at_once, wait_total_ms: @wait_total_ms.round,
                        waits: @waits.merge(shortest => @waits[shortest] + at_once))
        end
      end
    end
  end
end
