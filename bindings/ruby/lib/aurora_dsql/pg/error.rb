# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # Raised for errors that this library detects.  Errors of the server and of libpq stay
    # instances of PG::Error.
    class Error < StandardError
      # The libdsql status as a Symbol (:credentials, :token, ...), or nil if the error was detected
      # in Ruby.
      attr_reader :status

      # The code of the error's entry in docs/guide/troubleshooting.md, such as "DSQL-301", or nil if it
      # has none or was detected in Ruby.  `dsql explain CODE` prints the entry.
      def code
        @code || (cause.code if cause.is_a?(Error))
      end
    end

    # Raised when the connection is lost during COMMIT: the transaction may have been committed.
    # This library never retries it.  Check the data before you repeat the work.
    class CommitUnknownError < Error; end
  end
end
