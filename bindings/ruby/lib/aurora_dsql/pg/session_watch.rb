# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # Extends a connection of a pool, so that the pool knows whether its user has changed what outlives
    # a transaction: settings and prepared statements.  It looks at the SQL that is sent.
    module SessionWatch
      # At the beginning of a statement, after white space and comments.  SET LOCAL and SET TRANSACTION
      # end with the transaction.  set_config() may be anywhere.
      CHANGE = %r{
        (?:\A|;) (?>(?:\s|--[^\n]*|/\*.*?\*/)*)
        (?:SET\b(?!\s+(?:LOCAL|TRANSACTION|CONSTRAINTS)\b) | (?:RESET|PREPARE|DEALLOCATE|DISCARD)\b)
        | \bset_config\b
      }imnx

      # Methods whose first argument is SQL.
      SENDING = %i[exec async_exec sync_exec query async_query exec_params async_exec_params
                   sync_exec_params send_query send_query_params].freeze
      # Methods whose first argument is the name of a prepared statement.
      PREPARING = %i[prepare async_prepare sync_prepare send_prepare].freeze
      # Methods that change the session whatever their arguments are.
      CHANGING = %i[reset async_reset sync_reset reset_start set_client_encoding
                    async_set_client_encoding sync_set_client_encoding client_encoding=
                    set_default_encoding internal_encoding=].freeze

      SENDING.each do |name|
        define_method(name) do |sql, *args, &block|
          @aurora_dsql_changed ||= CHANGE.match?(sql.to_s.b) # .b: whatever its encoding is
          super(sql, *args, &block)
        end
      end

      PREPARING.each do |name|
        define_method(name) do |statement, *args, &block|
          @aurora_dsql_changed ||= !statement.empty?
          super(statement, *args, &block)
        end
      end

      CHANGING.each do |name|
        define_method(name) do |*args, &block|
          @aurora_dsql_changed = true
          super(*args, &block)
        end
      end

      # A trace is noted, because untrace fails if there is none.
      def trace(*args)
        @aurora_dsql_traced = true
        super
      end

      def untrace
        @aurora_dsql_traced = false
        super
      end

      def end_trace
        untrace if @aurora_dsql_traced
      end

      # True if the session was changed since session_clean!.
      def session_changed?
        @aurora_dsql_changed ? true : false
      end

      # The session is as it should be.
      def session_clean!
        @aurora_dsql_changed = false
      end
    end
  end
end
