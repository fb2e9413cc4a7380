# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # Host names and regions.
    module Util
      # cluster.dsql.us-east-1.on.aws, or with a suffix: cluster.dsql-suffix.us-east-1.on.aws
      REGION_PATTERN = /\.dsql[^.]*\.([^.]+)\.on\.aws\z/

      CLUSTER_ID_PATTERN = /\A[a-z0-9]{26}\z/

      # The region in an endpoint's name; ArgumentError for any other name.
      def self.parse_region(host)
        match = host&.match(REGION_PATTERN)
        raise ArgumentError, "Cannot parse region from hostname: #{host.inspect}" unless match

        match[1]
      end

      # A cluster's id, not a host name?
      def self.cluster_id?(host)
        !host.nil? && CLUSTER_ID_PATTERN.match?(host)
      end

      def self.build_hostname(cluster_id, region)
        "#{cluster_id}.dsql.#{region}.on.aws"
      end

      # AWS_REGION, then AWS_DEFAULT_REGION; one that is blank does not count.
      def self.region_from_env
        [ENV["AWS_REGION"], ENV["AWS_DEFAULT_REGION"]].find { |r| !r.nil? && !r.strip.empty? }
      end
    end
  end
end
