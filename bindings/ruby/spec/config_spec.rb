# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg::Config do
  def resolve(config = nil, **options)
    described_class.from(config, **options).resolve
  end

  it "fills in defaults" do
    resolved = resolve(host: HOST)
    expect(resolved.to_h).to include(
      host: HOST, region: "us-east-1", user: "admin", database: "postgres", port: 5432,
      token_duration: 900, max_lifetime: 3300, occ_max_retries: nil, logger: nil
    )
    expect(resolved).to be_frozen
  end

  it "completes a cluster id with the given region, or with that of the environment" do
    expect(resolve(host: CLUSTER_ID, region: "us-west-2").host)
      .to eq("#{CLUSTER_ID}.dsql.us-west-2.on.aws")
    ENV["AWS_REGION"] = "ap-northeast-1"
    expect(resolve(host: CLUSTER_ID).region).to eq("ap-northeast-1")
  end

  it "prefers an explicit region to the host's" do
    ENV["AWS_REGION"] = "ap-northeast-1"
    expect(resolve(host: HOST, region: "eu-west-1").region).to eq("eu-west-1")
    expect(resolve(host: HOST).region).to eq("us-east-1")
  end

  it "names the setting that is missing" do
    expect { resolve }.to raise_error(AuroraDsql::Pg::Error, "host is required")
    expect { resolve(host: CLUSTER_ID) }
      .to raise_error(AuroraDsql::Pg::Error, "region is required when host is a cluster ID")
    expect { resolve(host: "db.example.com") }
      .to raise_error(AuroraDsql::Pg::Error,
                      "region is required: could not parse from hostname and not set")
  end

  it "rejects a number of retries that is not a positive integer" do
    ["three", 0, -1, true, 1.5].each do |bad|
      expect { resolve(host: HOST, occ_max_retries: bad) }
        .to raise_error(AuroraDsql::Pg::Error,
                        "occ_max_retries must be a positive integer, got #{bad.inspect}")
    end
  end

  it "rejects token durations that SigV4 does not allow" do
    ["900", 0, -5, 604_801].each do |bad|
      expect { resolve(host: HOST, token_duration: bad) }
        .to raise_error(AuroraDsql::Pg::Error, /token_duration must be/)
    end
    expect(resolve(host: HOST, token_duration: 604_800).token_duration).to eq(604_800)
  end

  it "rejects invalid lifetimes" do
    ["60", 0, -1].each do |bad|
      expect { resolve(host: HOST, max_lifetime: bad) }.to raise_error(AuroraDsql::Pg::Error, /max_lifetime must be/)
    end
  end

  it "is equal to another with the same settings" do
    expect(resolve(host: HOST, application_name: "x")).to eq(resolve("postgres://#{HOST}/?ormPrefix=x"))
    expect(resolve(host: HOST)).not_to eq(resolve(host: HOST, user: "app"))
  end

  it "starts with the official gem's members, in their order" do
    expect(AuroraDsql::Pg::ResolvedConfig.members.first(12)).to eq(
      %i[host region user database port profile token_duration credentials_provider max_lifetime
         application_name logger occ_max_retries]
    )
  end

  it "rejects invalid host names" do
    ["#{HOST}/x", "user@#{HOST}", "a b.dsql.us-east-1.on.aws"].each do |bad|
      expect { resolve(host: bad, region: "us-east-1") }.to raise_error(AuroraDsql::Pg::Error) { |e| expect(e.code).to eq("DSQL-201") }
    end
    expect { resolve }.to raise_error(AuroraDsql::Pg::Error) { |e| expect(e.code).to be_nil }
  end

  describe ".parse" do
    it "reads user, host, port and database" do
      config = described_class.parse("postgres://app@#{HOST}:5433/mydb")
      expect([config.user, config.host, config.port, config.database])
        .to eq(["app", HOST, 5433, "mydb"])
    end

    it "reads DSQL's own options from the query" do
      config = described_class.parse(
        "postgresql://admin@#{HOST}/postgres?region=eu-west-1&profile=dev&tokenDurationSecs=300"
      )
      expect([config.region, config.profile, config.token_duration]).to eq(["eu-west-1", "dev", 300])
    end

    it "passes libpq parameters on to libpq" do
      config = described_class.parse("postgres://#{HOST}/?connect_timeout=3")
      expect(config.pg_params).to eq(connect_timeout: "3")
    end

    it "decodes escapes, and fills in a missing database" do
      config = described_class.parse("postgres://ad%40min@#{HOST}")
      expect(config.user).to eq("ad@min")
      expect(config.resolve.database).to eq("postgres")
    end

    it "accepts dsql:// and rejects other schemes" do
      expect(described_class.parse("dsql://#{HOST}").host).to eq(HOST)
      expect { described_class.parse("http://#{HOST}/") }
        .to raise_error(AuroraDsql::Pg::Error,
                        "unsupported URI scheme 'http', expected 'postgres' or 'postgresql'")
    end

    it "does not repeat an invalid string in the error" do
      expect { described_class.parse("postgres://u:secret word@#{HOST}") }
        .to raise_error(AuroraDsql::Pg::Error) { |e| expect(e.full_message).not_to include("secret") }
    end

    it "converts numbers" do
      config = described_class.parse("postgres://#{HOST}/?max_lifetime=60&occMaxRetries=4&port=5433")
      expect([config.max_lifetime, config.occ_max_retries, config.port]).to eq([60, 4, 5433])
    end

    it "does not accept a string for an option that takes an object" do
      %w[logger credentials_provider on_connect pg_params].each do |name|
        config = described_class.parse("postgres://#{HOST}/?#{name}=x")
        expect(config.public_send(name)).to(name == "pg_params" ? eq(pg_params: "x") : be_nil)
        expect { config.resolve.to_pg_params(password: "t") }.to raise_error(AuroraDsql::Pg::Error, /#{name}/)
      end
    end

    it "rejects a duration that is not a number" do
      expect { described_class.parse("postgres://#{HOST}/?tokenDurationSecs=abc") }
        .to raise_error(AuroraDsql::Pg::Error, /tokenDurationSecs must be a whole number/)
    end
  end

  describe ".from" do
    it "gives keywords precedence over a string, a Config and a Hash" do
      expect(described_class.from("postgres://app@#{HOST}/", user: "other").user).to eq("other")
      config = described_class.new(host: HOST, user: "app")
      expect(described_class.from(config, occ_max_retries: 3).occ_max_retries).to eq(3)
      expect(config.occ_max_retries).to be_nil
      expect(described_class.from({ "host" => HOST, "user" => "app" }, user: "x").user).to eq("x")
    end

    it "accepts string keys" do
      expect(described_class.from({ "host" => HOST }).resolve.host).to eq(HOST)
    end

    it "rejects an object that is not a configuration" do
      expect { described_class.from(42) }
        .to raise_error(ArgumentError,
                        "config must be a String, Config, Hash, or respond to #to_h, got Integer")
    end
  end
end

RSpec.describe AuroraDsql::Pg::ResolvedConfig do
  def params(**options)
    AuroraDsql::Pg::Config.new(host: HOST, **options).resolve.to_pg_params(password: "token123")
  end

  it "returns the parameters for PG.connect" do
    expect(params).to include(
      host: HOST, port: 5432, user: "admin", dbname: "postgres", password: "token123",
      sslmode: "verify-full", application_name: "aurora-dsql-ruby-pg/1.0.0"
    )
  end

  it "finds root certificates, or uses the given file" do
    expect(File).to exist(params[:sslrootcert]) if PG::library_version < 160_000
    expect(params(sslrootcert: "/my/ca.pem")[:sslrootcert]).to eq("/my/ca.pem")
  end

  it "passes on libpq parameters, and rejects unknown ones" do
    expect(params(connect_timeout: 3)[:connect_timeout]).to eq(3)
    expect(params[:connect_timeout]).to eq(10)
    expect(params(keepalives_idle: 60)[:keepalives_idle]).to eq("60")
    expect { params(sslrotcert: "x") }.to raise_error(AuroraDsql::Pg::Error, /sslrotcert/)
  end

  it "rejects a weaker sslmode" do
    expect { params(sslmode: "disable") }.to raise_error(AuroraDsql::Pg::Error, /sslmode/)
  end

  it "puts a prefix before the application name, and ignores a blank one" do
    expect(params(application_name: "rails")[:application_name])
      .to eq("rails:aurora-dsql-ruby-pg/1.0.0")
    expect(params(application_name: " ")[:application_name]).to eq("aurora-dsql-ruby-pg/1.0.0")
  end

  it "negotiates TLS directly if libpq supports it" do
    allow(PG).to receive(:library_version).and_return(170_000)
    expect(params[:sslnegotiation]).to eq("direct")
    allow(PG).to receive(:library_version).and_return(160_000)
    expect(params).not_to have_key(:sslnegotiation)
  end

  it "reads PGPORT, as libpq does" do
    ENV["PGPORT"] = "6543"
    expect(params[:port]).to eq(6543)
    expect(params(port: 5433)[:port]).to eq(5433)
  end
end
