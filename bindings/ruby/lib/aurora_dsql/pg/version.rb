# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # The version of the interface, which is that of the official gem.
    VERSION = "1.0.0"
    # The version of this gem.
    GEM_VERSION = "0.1.0"

    # Known to the server; the official gem's, so that what looks for it keeps finding it.
    APPLICATION_NAME = "aurora-dsql-ruby-pg/#{VERSION}"

    # "prefix:aurora-dsql-ruby-pg/1.0.0", or without a prefix when that is blank.
    def self.build_application_name(orm_prefix = nil)
      prefix = orm_prefix.to_s.strip
      prefix.empty? ? APPLICATION_NAME : "#{prefix}:#{APPLICATION_NAME}"
    end
  end
end
