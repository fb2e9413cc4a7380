# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg::Util do
  it "finds the region in the name of an endpoint" do
    expect(described_class.parse_region(HOST)).to eq("us-east-1")
    expect(described_class.parse_region("c.dsql-gamma.eu-west-1.on.aws")).to eq("eu-west-1")
  end

  it "rejects other names" do
    [nil, "", "db.example.com", "#{HOST}\n", "#{HOST}.evil.com"].each do |name|
      expect { described_class.parse_region(name) }
        .to raise_error(ArgumentError, "Cannot parse region from hostname: #{name.inspect}")
    end
  end

  it "recognizes a cluster id" do
    expect(described_class.cluster_id?(CLUSTER_ID)).to be true
    [nil, "", "short", CLUSTER_ID.upcase, HOST, "#{CLUSTER_ID}\n"].each do |name|
      expect(described_class.cluster_id?(name)).to be false
    end
  end

  it "builds the name of an endpoint" do
    expect(described_class.build_hostname(CLUSTER_ID, "us-west-2"))
      .to eq("#{CLUSTER_ID}.dsql.us-west-2.on.aws")
  end

  it "reads the region from the environment, and ignores a blank one" do
    expect(described_class.region_from_env).to be_nil
    ENV["AWS_DEFAULT_REGION"] = "ap-northeast-1"
    ENV["AWS_REGION"] = " "
    expect(described_class.region_from_env).to eq("ap-northeast-1")
    ENV["AWS_REGION"] = "us-east-1"
    expect(described_class.region_from_env).to eq("us-east-1")
  end

  it "finds the cluster that an interface endpoint leads to" do
    endpoint = "vpce-0abc-1.dsql-fnh4.us-east-1.vpce.amazonaws.com"
    ["-c amzn-cluster-id=#{CLUSTER_ID}", "-camzn-cluster-id=#{CLUSTER_ID} -c timezone=UTC",
     "-c timezone=UTC --amzn-cluster-id=#{CLUSTER_ID}"].each do |options|
      expect(described_class.signed_host(endpoint, options)).to eq("#{CLUSTER_ID}.dsql-fnh4.us-east-1.on.aws")
    end
    [nil, "-c timezone=UTC", "-c amzn-cluster-id=short", "-c xamzn-cluster-id=#{CLUSTER_ID}",
     "-c amzn-cluster-id=#{CLUSTER_ID}x"].each do |options|
      expect(described_class.signed_host(endpoint, options)).to eq(endpoint)
    end
    expect(described_class.signed_host(HOST, "-c amzn-cluster-id=#{CLUSTER_ID}")).to eq(HOST)
  end
end
