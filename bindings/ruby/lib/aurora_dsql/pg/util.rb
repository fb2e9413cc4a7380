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

      # An interface endpoint of PrivateLink, and what says which cluster is meant.
      INTERFACE_ENDPOINT = /\Avpce-[a-z0-9-]+\.(dsql(?:-[a-z0-9-]+)?)\.([a-z0-9-]+)\.vpce\.amazonaws\.com\.?\z/i
      CLUSTER_OPTION = /(?:\A|\s|-c|--)amzn-cluster-id=([a-z0-9]{26})(?=\s|\z)/

      # The name that a token is for: the host, or that of the cluster behind an interface endpoint
      # (host "vpce-....dsql-fnh4.us-east-1.vpce.amazonaws.com", options "-c amzn-cluster-id=ID").
      def self.signed_host(host, options = nil)
        endpoint = INTERFACE_ENDPOINT.match(host.to_s)
        id = CLUSTER_OPTION.match(options.to_s)
        return host unless endpoint && id

        "#{id[1]}.#{endpoint[1]}.#{endpoint[2]}.on.aws".downcase
      end

      # AWS_REGION, then AWS_DEFAULT_REGION; one that is blank does not count.
      def self.region_from_env
        [ENV["AWS_REGION"], ENV["AWS_DEFAULT_REGION"]].find { |r| !r.nil? && !r.strip.empty? }
      end
    end
  end
end
