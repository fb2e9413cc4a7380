# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # Parses and builds host names of clusters, and finds their region.
    module Util
      # Matches cluster.dsql.us-east-1.on.aws, and cluster.dsql-suffix.us-east-1.on.aws.
      REGION_PATTERN = /\.dsql[^.]*\.([^.]+)\.on\.aws\z/

      # A cluster id: 26 lowercase letters and digits.
      CLUSTER_ID_PATTERN = /\A[a-z0-9]{26}\z/

      # Returns the region in the name of an endpoint.  Raises ArgumentError for any other name.
      def self.parse_region(host)
        match = host&.match(REGION_PATTERN)
        raise ArgumentError, "Cannot parse region from hostname: #{host.inspect}" unless match

        match[1]
      end

      # True for a cluster id, false for a host name.
      def self.cluster_id?(host)
        !host.nil? && CLUSTER_ID_PATTERN.match?(host)
      end

      # Returns the name of the endpoint of a cluster.
      def self.build_hostname(cluster_id, region)
        "#{cluster_id}.dsql.#{region}.on.aws"
      end

      # The name of a PrivateLink interface endpoint.
      INTERFACE_ENDPOINT = /\Avpce-[a-z0-9-]+\.(dsql(?:-[a-z0-9-]+)?)\.([a-z0-9-]+)\.vpce\.amazonaws\.com\.?\z/i
      # The server option that selects the cluster behind an interface endpoint, in libpq's options.
      CLUSTER_OPTION = /(?:\A|\s|-c|--)amzn-cluster-id=([a-z0-9]{26})(?=\s|\z)/

      # Returns the name that a token is signed for.  That is the host, except for an interface
      # endpoint (host "vpce-....dsql-fnh4.us-east-1.vpce.amazonaws.com", options
      # "-c amzn-cluster-id=ID"), where it is the name of the cluster that the option selects.
      def self.signed_host(host, options = nil)
        endpoint = INTERFACE_ENDPOINT.match(host.to_s)
        id = CLUSTER_OPTION.match(options.to_s)
        return host unless endpoint && id

        "#{id[1]}.#{endpoint[1]}.#{endpoint[2]}.on.aws".downcase
      end

      # Returns AWS_REGION, or else AWS_DEFAULT_REGION.  A blank value counts as unset.
      def self.region_from_env
        [ENV["AWS_REGION"], ENV["AWS_DEFAULT_REGION"]].find { |r| !r.nil? && !r.strip.empty? }
      end
    end
  end
end
