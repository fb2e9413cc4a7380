# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "session_watch"

module AuroraDsql
  module Pg
    # What a connection of a pool is like when on_connect has been called: the state of PG::Connection
    # and of the session that the next user may rely on.  Makes no round trip.
    class Baseline
      # Parameters that the server reports, whatever has changed them.
      PARAMETERS = %w[application_name client_encoding DateStyle default_transaction_read_only
                      IntervalStyle TimeZone search_path standard_conforming_strings].freeze

      # Attributes of PG::Connection.
      ATTRIBUTES = %i[type_map_for_results type_map_for_queries encoder_for_put_copy_data
                      decoder_for_get_copy_data field_name_type].freeze

      # What undoes all changes of the session, in one round trip.  Aurora DSQL rejects DISCARD ALL.
      RESET = "RESET ALL; DEALLOCATE ALL"

      # Before on_connect is called.
      def self.watch(conn)
        conn.extend(SessionWatch) if conn.respond_to?(:parameter_status)
      end

      # After on_connect was called.  Returns nil for a connection that is not watched.
      def self.of(conn)
        new(conn) if conn.is_a?(SessionWatch)
      end

      def initialize(conn)
        @parameters = parameters_of(conn)
        @attributes = ATTRIBUTES.to_h { |name| [name, conn.public_send(name)] }
        @receiver = conn.set_notice_receiver # returns the present one, and removes it
        @processor = conn.set_notice_processor
        @verbosity = conn.set_error_verbosity(PG::PQERRORS_DEFAULT)
        @context = conn.set_error_context_visibility(PG::PQSHOW_CONTEXT_ERRORS)
        restore(conn)
        conn.session_clean!
      end

      # Puts back everything that is not the session's.
      def restore(conn)
        conn.end_trace
        conn.set_notice_receiver(&@receiver)
        conn.set_notice_processor(&@processor)
        conn.set_error_verbosity(@verbosity)
        conn.set_error_context_visibility(@context)
        @attributes.each { |name, value| conn.public_send(:"#{name}=", value) }
      end

      # False if the session must be reset, and on_connect called again.
      def holds?(conn)
        !conn.session_changed? && parameters_of(conn) == @parameters
      end

      private

      def parameters_of(conn)
        PARAMETERS.map { |name| conn.parameter_status(name) }
      end
    end
  end
end
