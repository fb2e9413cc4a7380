# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # The version of the official gem whose interface this gem provides.
    VERSION = "1.0.0"
    # The version of this gem.
    GEM_VERSION = "0.1.0"

    # Sent to the server.  It is the official gem's name, so that tools that look for it find it.
    APPLICATION_NAME = "aurora-dsql-ruby-pg/#{VERSION}"

    # Returns "prefix:aurora-dsql-ruby-pg/1.0.0".  A blank prefix is ignored.
    def self.build_application_name(orm_prefix = nil)
      prefix = orm_prefix.to_s.strip
      prefix.empty? ? APPLICATION_NAME : "#{prefix}:#{APPLICATION_NAME}"
    end
  end
end
