# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # What this library itself has to say; what the server says stays a PG::Error.
    class Error < StandardError
      # The status of libdsql as a Symbol (:credentials, :token, ...); nil for those of Ruby's side.
      attr_reader :status
    end

    # The connection went away during COMMIT: the transaction may have happened or not.
    # Never retried by this library; look before doing it again.
    class CommitUnknownError < Error; end
  end
end
